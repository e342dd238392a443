package dev.diptych.clip;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.AttentionFunction;
import dev.diptych.autograd.nn.LayerNorm;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The image tower: a vision Transformer (Dosovitskiy et al. 2021) with CLIP's extra normalisation
 * before the first block (CLIP paper §2.4). The class token's output, normalised and projected, is
 * the picture's embedding.
 */
public final class VisionTransformer implements ImageTower {
  final Parameter patches; // (C, 3, P, P)
  final Parameter classEmbedding; // (C)
  final Parameter positions; // (T, C)
  final LayerNorm preNorm;
  final List<ResidualAttentionBlock> blocks = new ArrayList<>();
  final LayerNorm postNorm;
  final Parameter projection; // (C, D)

  VisionTransformer(
      Parameters.Builder parameters, VitConfig config, int embedDim, Activation activation) {
    int width = config.width();
    int patch = config.patchSize();
    Initialiser scaled = Initialiser.normal(1 / Math.sqrt(width));
    patches =
        parameters.add(
            "vision.patches.weight",
            Shape.of(width, 3, patch, patch),
            Initialiser.uniform(1 / Math.sqrt(3.0 * patch * patch)));
    classEmbedding = parameters.add("vision.classEmbedding", Shape.of(width), scaled);
    positions = parameters.add("vision.positions", Shape.of(config.tokens(), width), scaled);
    preNorm = new LayerNorm(parameters, "vision.preNorm", width);
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(
          new ResidualAttentionBlock(
              parameters,
              "vision.blocks." + i,
              width,
              config.heads(),
              config.layers(),
              false,
              activation));
    }
    postNorm = new LayerNorm(parameters, "vision.postNorm", width);
    projection = parameters.add("vision.projection", Shape.of(width, embedDim), scaled);
  }

  @Override
  public Var forward(Tape tape, Var images) {
    Var features = features(tape, images); // (B, C)
    Var y = Functions.matmul(tape, features, projection.var()); // (B, D)
    tape.discard(features);
    return y;
  }

  /** images (B, 3, S, S), normalised → the class token's output after the last norm (B, C). */
  @Override
  public Var features(Tape tape, Var images) {
    Var x = tokens(tape, images, block -> Functions::attention); // (B, T, C)
    IntTensor classToken = // position 0 of every picture
        IntTensor.zeros(tape.scope(), Shape.of(x.value().dim(0)));
    Var pooled = Functions.gatherRows(tape, x, classToken); // (B, C)
    tape.discard(x);
    Var normed = postNorm.forward(tape, pooled); // (B, C)
    tape.discard(pooled);
    return normed;
  }

  /**
   * All tokens after the last block: of each picture the class token, then its patches row by row
   * from the top left.
   *
   * @param images (B, 3, S, S), normalised
   * @param attention for each block, counted from 0, how its tokens hear each other
   * @return (B, T, C), neither normalised nor projected
   */
  public Var tokens(Tape tape, Var images, IntFunction<AttentionFunction> attention) {
    Var embedded = embed(tape, images); // (B, T, C)
    Var x = preNorm.forward(tape, embedded); // (B, T, C)
    tape.discard(embedded);
    for (int i = 0; i < blocks.size(); i++) {
      x = blocks.get(i).forward(tape, x, attention.apply(i)); // (B, T, C)
    }
    return x;
  }

  /**
   * Takes tokens into the space that pictures and texts share, as {@link #forward} does with the
   * class token.
   *
   * @param tokens (N, C), rows of {@link #tokens}
   * @return (N, D), not normalised
   */
  public Var project(Tape tape, Var tokens) {
    Var normed = postNorm.forward(tape, tokens); // (N, C)
    Var y = Functions.matmul(tape, normed, projection.var()); // (N, D)
    tape.discard(normed);
    return y;
  }

  /** The number of blocks. */
  public int depth() {
    return blocks.size();
  }

  @Override
  public int featureWidth() {
    return projection.shape().dim(0);
  }

  Var embed(Tape tape, Var images) {
    return Functions.patchEmbedding(
        tape, images, patches.var(), classEmbedding.var(), positions.var()); // (B, T, C)
  }
}
