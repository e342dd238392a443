package dev.diptych.kernels.conv2d;

/**
 * Memory that a thread keeps between convolutions. Packed matrices belong to the thread that called
 * the convolution, and the others only read them; gathered rows are each thread's own.
 */
final class Scratch {
  private static final ThreadLocal<Scratch> MINE = ThreadLocal.withInitial(Scratch::new);

  private float[] rows = new float[0];
  private float[] packed = new float[0];
  private float[] gradient = new float[0];

  private Scratch() {}

  static Scratch mine() {
    return MINE.get();
  }

  /** At least {@code length} floats of any content for gathered rows of im2col. */
  float[] rows(int length) {
    if (rows.length < length) {
      rows = new float[length];
    }
    return rows;
  }

  /** At least {@code length} floats of any content for a packed matrix. */
  float[] packed(int length) {
    if (packed.length < length) {
      packed = new float[length];
    }
    return packed;
  }

  /** At least {@code length} floats of any content for the gradient of weights. */
  float[] gradient(int length) {
    if (gradient.length < length) {
      gradient = new float[length];
    }
    return gradient;
  }
}
