package dev.diptych.clip.train;

import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ResNetConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.random.Philox;
import java.util.List;

/** A tiny model and pairs of noise and random tokens, enough to see whether training works. */
final class Synthetic {
  static final ClipConfig TINY =
      new ClipConfig(
          32,
          new VitConfig(16, 8, 32, 2, 2),
          new TextConfig(8, 64, 32, 2, 2, 63),
          Activation.QUICK_GELU);

  /** For the interpreter of GPU kernels, which is slow. */
  static final ClipConfig MINUTE =
      new ClipConfig(
          8,
          new VitConfig(8, 4, 16, 1, 1),
          new TextConfig(8, 64, 16, 1, 1, 63),
          Activation.QUICK_GELU);

  static final ClipConfig MINUTE_RESNET =
      new ClipConfig(
          8,
          new ResNetConfig(32, 2, List.of(1, 1, 1, 1), 2),
          new TextConfig(8, 64, 16, 1, 1, 63),
          Activation.GELU);

  static final ClipConfig TINY_RESNET =
      new ClipConfig(
          32,
          new ResNetConfig(32, 4, List.of(1, 1, 1, 2), 2),
          new TextConfig(8, 64, 32, 2, 2, 63),
          Activation.QUICK_GELU);

  private Synthetic() {}

  /** The same {@code count} pairs for {@link #TINY}, cut into batches, over and over. */
  static PairSource pairs(int count, int batchSize) {
    return pairs(count, batchSize, TINY);
  }

  /** The same for another model. */
  static PairSource pairs(int count, int batchSize, ClipConfig config) {
    int side = config.vision().imageSize();
    return new PairSource() {
      private long step;

      @Override
      public void seek(long to) {
        step = to;
      }

      @Override
      public PairBatch next() {
        int first = (int) (step++ % (count / batchSize)) * batchSize;
        return batch(first, batchSize, side);
      }

      @Override
      public void close() {}
    };
  }

  private static PairBatch batch(int first, int size, int side) {
    int pixels = 3 * side * side;
    float[] images = new float[size * pixels];
    int[] tokens = new int[size * 8];
    int[] targets = new int[size];
    for (int i = 0; i < size; i++) {
      Philox random = new Philox(1, first + i);
      for (int j = 0; j < pixels; j++) {
        images[i * pixels + j] = (float) random.nextGaussian();
      }
      tokens[i * 8] = 62;
      for (int t = 1; t < 7; t++) {
        tokens[i * 8 + t] = random.nextInt(62);
      }
      tokens[i * 8 + 7] = 63;
      targets[i] = i;
    }
    return new PairBatch(
        Tensor.of(images, Shape.of(size, 3, side, side)),
        new IntTensor(Shape.of(size, 8), tokens),
        targets);
  }
}
