package dev.diptych.clip;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.LayerNorm;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

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
    Var embedded = embed(tape, images); // (B, T, C)
    Var x = preNorm.forward(tape, embedded); // (B, T, C)
    tape.discard(embedded);
    for (ResidualAttentionBlock block : blocks) {
      x = block.forward(tape, x); // (B, T, C)
    }
    int[] classToken = new int[x.value().dim(0)]; // position 0 of every picture
    Var pooled = Functions.gatherRows(tape, x, classToken); // (B, C)
    tape.discard(x);
    Var normed = postNorm.forward(tape, pooled); // (B, C)
    tape.discard(pooled);
    return normed;
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
