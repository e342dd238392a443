package dev.diptych.kernels.matmul;

/**
 * Memory that a thread keeps between products. A product packs into the scratch of the thread that
 * called it, which the other threads only read; the tile is each thread's own.
 */
final class Scratch {
  private static final ThreadLocal<Scratch> MINE = ThreadLocal.withInitial(Scratch::new);

  /** One tile of C, for the last columns where a whole tile does not fit into C. */
  final float[] tile = new float[TileKernels.MAX_ROWS * TileKernels.COLUMNS];

  private float[] a = new float[0];
  private float[] b = new float[0];

  private Scratch() {}

  static Scratch mine() {
    return MINE.get();
  }

  /** At least {@code length} floats of any content for a packed A. */
  float[] a(int length) {
    if (a.length < length) {
      a = new float[length];
    }
    return a;
  }

  /** At least {@code length} floats of any content for a packed B. */
  float[] b(int length) {
    if (b.length < length) {
      b = new float[length];
    }
    return b;
  }
}
