package dev.diptych.kernels.cuda;

/** The launches of kernels whose threads own four columns each; the numbers of fours.cuh. */
public final class Fours {
  private static final int THREADS = 256;
  private static final int WARP = 32;
  private static final int PACK = 4;

  private Fours() {}

  /** Threads side by side: a power of two, enough for a row of {@code c} elements or a warp. */
  private static int sideBySide(int c) {
    int fours = Math.clamp(Math.ceilDiv(c, PACK), 1, WARP);
    return Integer.highestOneBit(2 * fours - 1);
  }

  /** How many rows of {@code c} elements a block treats at once. */
  public static int rows(int c) {
    return THREADS / sideBySide(c);
  }

  /** {@code blocks} blocks for each group of columns of a row of {@code c} elements. */
  public static Launch launch(int blocks, int c) {
    int groups = Math.ceilDiv(Math.ceilDiv(c, PACK), sideBySide(c));
    return new Launch(blocks, groups, 1, sideBySide(c), rows(c), 1, 0);
  }
}
