package dev.diptych.clip;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.LayerNorm;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * The text tower: a causal Transformer (Radford et al. 2019) whose output at the end token,
 * normalised and projected, is the text's embedding (CLIP paper §2.4).
 */
public final class TextTransformer {
  final Parameter tokenTable; // (V, C)
  final Parameter positions; // (T, C)
  final List<ResidualAttentionBlock> blocks = new ArrayList<>();
  final LayerNorm finalNorm;
  final Parameter projection; // (C, D)
  private final TextConfig config;

  TextTransformer(
      Parameters.Builder parameters, TextConfig config, int embedDim, Activation activation) {
    this.config = config;
    int width = config.width();
    tokenTable =
        parameters.add(
            "text.tokens", Shape.of(config.vocabularySize(), width), Initialiser.normal(0.02));
    positions =
        parameters.add(
            "text.positions", Shape.of(config.contextLength(), width), Initialiser.normal(0.01));
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(
          new ResidualAttentionBlock(
              parameters,
              "text.blocks." + i,
              width,
              config.heads(),
              config.layers(),
              true,
              activation));
    }
    finalNorm = new LayerNorm(parameters, "text.finalNorm", width);
    projection =
        parameters.add(
            "text.projection", Shape.of(width, embedDim), Initialiser.normal(1 / Math.sqrt(width)));
  }

  /**
   * tokens (B, T) → embeddings (B, D), not normalised. T may be shorter than the context: a token
   * hears only those before it, so what is padded behind the end token changes nothing.
   */
  public Var forward(Tape tape, IntTensor tokens) {
    return forward(tape, TextBatch.of(tokens, config.endToken()));
  }

  /** The same of texts whose ends are known. */
  public Var forward(Tape tape, TextBatch texts) {
    Var x = embed(tape, texts); // (B, T, C)
    for (ResidualAttentionBlock block : blocks) {
      x = block.forward(tape, x); // (B, T, C)
    }
    Var normed = finalNorm.forward(tape, x); // (B, T, C)
    tape.discard(x);
    Var pooled = Functions.gatherRows(tape, normed, texts.ends()); // (B, C)
    tape.discard(normed);
    Var y = Functions.matmul(tape, pooled, projection.var()); // (B, D)
    tape.discard(pooled);
    return y;
  }

  Var embed(Tape tape, TextBatch texts) {
    IntTensor tokens = texts.tokens();
    if (tokens.shape().rank() != 2 || tokens.shape().dim(1) > config.contextLength()) {
      throw new UserException(
          "tokens must be (B, T) with T of at most %d, the model's context, got %s"
              .formatted(config.contextLength(), tokens.shape()));
    }
    return Functions.embedding(
        tape, tokens, texts.plan(), tokenTable.var(), positions.var()); // (B, T, C)
  }
}
