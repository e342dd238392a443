package dev.diptych.clip;

import dev.diptych.autograd.Convolutions;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import java.util.ArrayList;
import java.util.List;

/**
 * The image tower: a ResNet-D (He et al. 2019) as CLIP modifies it (CLIP paper §2.4), with three
 * convolutions and an average pool for a stem, blocks that do not alias where they shrink, and
 * attention in place of the last average. Inside, pictures are (B, H, W, C).
 */
public final class ModifiedResNet implements ImageTower {
  private final NormalisedConvolution stem1;
  private final NormalisedConvolution stem2;
  private final NormalisedConvolution stem3;
  private final List<List<Bottleneck>> stages = new ArrayList<>();
  private final AttentionPool pool;

  ModifiedResNet(Parameters.Builder parameters, ResNetConfig config, int embedDim) {
    int width = config.width();
    stem1 = stem(parameters, 1, 3, width / 2, 2);
    stem2 = stem(parameters, 2, width / 2, width / 2, 1);
    stem3 = stem(parameters, 3, width / 2, width, 1);
    int inputs = width;
    for (int stage = 0; stage < config.stages().size(); stage++) {
      int channels = width << stage;
      List<Bottleneck> blocks = new ArrayList<>();
      for (int block = 0; block < config.stages().get(stage); block++) {
        int stride = stage > 0 && block == 0 ? 2 : 1;
        String name = "vision.stage%d.%d".formatted(stage + 1, block);
        blocks.add(new Bottleneck(parameters, name, inputs, channels, stride));
        inputs = Bottleneck.EXPANSION * channels;
      }
      stages.add(blocks);
    }
    pool =
        new AttentionPool(
            parameters, "vision.pool", config.tokens(), inputs, config.heads(), embedDim);
  }

  private static NormalisedConvolution stem(
      Parameters.Builder parameters, int number, int inputs, int outputs, int stride) {
    return new NormalisedConvolution(
        parameters,
        "vision.stem.conv" + number,
        "vision.stem.norm" + number,
        inputs,
        outputs,
        3,
        stride,
        1);
  }

  @Override
  public Var forward(Tape tape, Var images) {
    return pool(tape, featureMap(tape, images)); // (B, D)
  }

  /** The output of the attention pooling, (B, D): a ResNet's embedding is not projected again. */
  @Override
  public Var features(Tape tape, Var images) {
    return forward(tape, images);
  }

  @Override
  public int featureWidth() {
    return pool.features();
  }

  /**
   * What the last stage makes of each place.
   *
   * @param images (B, 3, S, S), normalised
   * @return (B, S/32, S/32, 32·C), nowhere negative
   */
  public Var featureMap(Tape tape, Var images) {
    Var x = stem(tape, images); // (B, S/4, S/4, C)
    for (int i = 0; i < stages.size(); i++) {
      x = stage(tape, i, x);
    }
    return x;
  }

  /**
   * Takes a feature map into the space that pictures and texts share. Without recording, the map is
   * freed.
   *
   * @param map (B, S/32, S/32, 32·C), as {@link #featureMap} makes it
   * @return (B, D), not normalised
   */
  public Var pool(Tape tape, Var map) {
    return pool.forward(tape, map);
  }

  /** images (B, 3, S, S) → (B, S/4, S/4, C). */
  Var stem(Tape tape, Var images) {
    Var pixels = Convolutions.channelsLast(tape, images); // (B, S, S, 3)
    Var first = stem1.forwardRelu(tape, pixels); // (B, S/2, S/2, C/2)
    tape.discard(pixels);
    Var second = stem2.forwardRelu(tape, first); // (B, S/2, S/2, C/2)
    tape.discard(first);
    Var third = stem3.forwardRelu(tape, second); // (B, S/2, S/2, C)
    tape.discard(second);
    Var pooled = Convolutions.averagePool(tape, third, 2); // (B, S/4, S/4, C)
    tape.discard(third);
    return pooled;
  }

  /**
   * x → four times the stage's channels, and from the second stage on half the size.
   *
   * @param index of the stage, from 0
   */
  Var stage(Tape tape, int index, Var x) {
    Var y = x;
    for (Bottleneck block : stages.get(index)) {
      y = block.forward(tape, y);
    }
    return y;
  }
}
