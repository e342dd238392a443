package dev.diptych.clip.image;

import java.util.Arrays;

/** Reads the coefficients of macroblocks (RFC 6386, section 13). */
final class Vp8Residuals {
  /** Coefficients of a macroblock: 16 luma, 4 + 4 chroma blocks of 16. */
  static final int SIZE = 24 * 16;

  private static final int LUMA_AFTER_DC = 0;
  private static final int SECOND = 1;
  private static final int CHROMA = 2;
  private static final int LUMA = 3;

  private static final int[] ZIGZAG = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};
  private static final int[] BANDS = {0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0};
  private static final int[][] EXTRA_BITS = {
    {173, 148, 140},
    {176, 155, 140, 135},
    {180, 157, 141, 134, 130},
    {254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129}
  };

  final short[] coefficients = new short[SIZE];
  private final short[] second = new short[16];
  private final int[] probabilities;

  /** For each column of macroblocks and for the left: 4 luma, 2 + 2 chroma blocks, second order. */
  private final byte[] above;

  private final byte[] left = new byte[9];

  Vp8Residuals(int[] probabilities, int columns) {
    this.probabilities = probabilities;
    this.above = new byte[9 * columns];
  }

  void beginRow() {
    Arrays.fill(left, (byte) 0);
  }

  /** A macroblock without coefficients; with small blocks it leaves the second order as it was. */
  void skip(int column, boolean small) {
    Arrays.fill(coefficients, (short) 0);
    int kept = small ? 8 : 9;
    Arrays.fill(left, 0, kept, (byte) 0);
    Arrays.fill(above, 9 * column, 9 * column + kept, (byte) 0);
  }

  /**
   * Reads and dequantises a macroblock.
   *
   * @param q factors of the first and the other coefficients of luma, second order, chroma
   * @return whether any coefficient may differ from 0
   */
  boolean read(Vp8BitReader in, int column, boolean small, int[] q) {
    Arrays.fill(coefficients, (short) 0);
    int up = 9 * column;
    int first = 0;
    if (!small) {
      Arrays.fill(second, (short) 0);
      int count = block(in, SECOND, above[up + 8] + left[8], q[2], q[3], 0, second, 0);
      above[up + 8] = left[8] = (byte) (count > 0 ? 1 : 0);
      spreadSecond();
      first = 1;
    }
    boolean any = false;
    for (int y = 0; y < 4; y++) {
      for (int x = 0; x < 4; x++) {
        int to = 16 * (4 * y + x);
        int type = small ? LUMA : LUMA_AFTER_DC;
        int context = above[up + x] + left[y];
        int count = block(in, type, context, q[0], q[1], first, coefficients, to);
        above[up + x] = left[y] = (byte) (count > first ? 1 : 0);
        any |= count > 1 || coefficients[to] != 0;
      }
    }
    for (int plane = 0; plane < 2; plane++) {
      for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 2; x++) {
          int to = 16 * (16 + 4 * plane + 2 * y + x);
          int a = up + 4 + 2 * plane + x;
          int l = 4 + 2 * plane + y;
          int count = block(in, CHROMA, above[a] + left[l], q[4], q[5], 0, coefficients, to);
          above[a] = left[l] = (byte) (count > 0 ? 1 : 0);
          any |= count > 1 || coefficients[to] != 0;
        }
      }
    }
    return any;
  }

  /** The Walsh-Hadamard transform of section 14.3, into the first coefficients of luma. */
  private void spreadSecond() {
    int[] half = new int[16];
    for (int i = 0; i < 4; i++) {
      int a = second[i] + second[12 + i];
      int b = second[4 + i] + second[8 + i];
      int c = second[4 + i] - second[8 + i];
      int d = second[i] - second[12 + i];
      half[i] = a + b;
      half[8 + i] = a - b;
      half[4 + i] = d + c;
      half[12 + i] = d - c;
    }
    for (int i = 0; i < 4; i++) {
      int dc = half[4 * i] + 3;
      int a = dc + half[4 * i + 3];
      int b = half[4 * i + 1] + half[4 * i + 2];
      int c = half[4 * i + 1] - half[4 * i + 2];
      int d = dc - half[4 * i + 3];
      coefficients[64 * i] = (short) ((a + b) >> 3);
      coefficients[64 * i + 16] = (short) ((d + c) >> 3);
      coefficients[64 * i + 32] = (short) ((a - b) >> 3);
      coefficients[64 * i + 48] = (short) ((d - c) >> 3);
    }
  }

  /** One block; returns the index after its last coefficient. */
  private int block(
      Vp8BitReader in, int type, int context, int dc, int ac, int first, short[] out, int to) {
    int[] p = probabilities;
    int at = probability(type, first, context);
    for (int n = first; n < 16; ) {
      if (in.bit(p[at]) == 0) {
        return n;
      }
      while (in.bit(p[at + 1]) == 0) {
        n++;
        if (n == 16) {
          return 16;
        }
        at = probability(type, n, 0);
      }
      int value = 1;
      if (in.bit(p[at + 2]) != 0) {
        value = large(in, at);
      }
      int sign = in.bit(128);
      out[to + ZIGZAG[n]] = (short) ((sign != 0 ? -value : value) * (n > 0 ? ac : dc));
      n++;
      at = probability(type, n, value == 1 ? 1 : 2);
    }
    return 16;
  }

  private static int probability(int type, int n, int context) {
    return 11 * (context + 3 * (BANDS[n] + 8 * type));
  }

  private int large(Vp8BitReader in, int at) {
    int[] p = probabilities;
    if (in.bit(p[at + 3]) == 0) {
      return in.bit(p[at + 4]) == 0 ? 2 : 3 + in.bit(p[at + 5]);
    }
    if (in.bit(p[at + 6]) == 0) {
      if (in.bit(p[at + 7]) == 0) {
        return 5 + in.bit(159);
      }
      int v = 7 + 2 * in.bit(165);
      return v + in.bit(145);
    }
    int high = in.bit(p[at + 8]);
    int category = 2 * high + in.bit(p[at + 9 + high]);
    int v = 0;
    for (int probability : EXTRA_BITS[category]) {
      v = 2 * v + in.bit(probability);
    }
    return v + 3 + (8 << category);
  }
}
