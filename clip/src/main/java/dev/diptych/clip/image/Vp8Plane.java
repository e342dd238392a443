package dev.diptych.clip.image;

import java.util.Arrays;

/**
 * Luma or chroma of a VP8 frame in whole macroblocks, with the border from which prediction starts:
 * a row of 127 above (and to the upper right), a column of 129 at the left.
 */
final class Vp8Plane {
  private static final int LEFT = 1;
  private static final int RIGHT = 4;

  final byte[] samples;
  final int stride;

  Vp8Plane(int width, int height) {
    stride = LEFT + width + RIGHT;
    samples = new byte[Math.multiplyExact(stride, height + 1)];
    Arrays.fill(samples, 0, stride, (byte) 127);
    for (int y = 0; y < height; y++) {
      samples[at(0, y) - 1] = (byte) 129;
    }
  }

  int at(int x, int y) {
    return (y + 1) * stride + LEFT + x;
  }

  int get(int index) {
    return samples[index] & 0xff;
  }

  private static byte clip(int v) {
    return (byte) Math.clamp(v, 0, 255);
  }

  /** Predicts a square of 16 luma or 8 chroma samples (RFC 6386, sections 12.2 and 12.3). */
  void predictBlock(int mode, int x, int y, int size) {
    int to = at(x, y);
    switch (mode) {
      case Vp8Modes.DC -> fill(to, size, dc(to, size, y > 0, x > 0));
      case Vp8Modes.TRUE_MOTION -> trueMotion(to, size);
      case Vp8Modes.VERTICAL -> {
        for (int row = 0; row < size; row++) {
          System.arraycopy(samples, to - stride, samples, to + row * stride, size);
        }
      }
      default -> {
        for (int row = to; row < to + size * stride; row += stride) {
          Arrays.fill(samples, row, row + size, samples[row - 1]);
        }
      }
    }
  }

  private int dc(int to, int size, boolean above, boolean left) {
    int sum = 0;
    for (int i = 0; i < size; i++) {
      sum += (above ? get(to - stride + i) : 0) + (left ? get(to + i * stride - 1) : 0);
    }
    int count = (above ? size : 0) + (left ? size : 0);
    return count == 0 ? 128 : (sum + count / 2) / count;
  }

  private void fill(int to, int size, int value) {
    for (int row = 0; row < size; row++) {
      Arrays.fill(samples, to + row * stride, to + row * stride + size, (byte) value);
    }
  }

  private void trueMotion(int to, int size) {
    int corner = get(to - stride - 1);
    for (int row = 0; row < size; row++) {
      int from = to + row * stride;
      int left = get(from - 1) - corner;
      for (int i = 0; i < size; i++) {
        samples[from + i] = clip(left + get(to - stride + i));
      }
    }
  }

  /**
   * Predicts a square of 4 luma samples.
   *
   * @param edge the 13 samples around it: from the lowest at the left (0) up to the corner (4) and
   *     on to the fourth at the upper right (12)
   */
  void predictSmall(int mode, int to, int[] edge) {
    switch (mode) {
      case Vp8Modes.DC -> {
        int sum = 4;
        for (int i = 0; i < 4; i++) {
          sum += edge[i] + edge[5 + i];
        }
        fill(to, 4, sum >> 3);
      }
      case Vp8Modes.TRUE_MOTION -> trueMotion(to, 4);
      default -> {
        for (int y = 0; y < 4; y++) {
          for (int x = 0; x < 4; x++) {
            samples[to + y * stride + x] = (byte) directional(mode, x, y, edge);
          }
        }
      }
    }
  }

  /** The eight directions of RFC 6386, section 12.3, with E = edge. */
  private static int directional(int mode, int x, int y, int[] e) {
    return switch (mode) {
      case Vp8Modes.VERTICAL -> three(e, 5 + x);
      case Vp8Modes.HORIZONTAL -> y == 3 ? (e[1] + 3 * e[0] + 2) >> 2 : three(e, 3 - y);
      case Vp8Modes.RIGHT_DOWN -> three(e, 4 + x - y);
      case Vp8Modes.VERTICAL_RIGHT -> {
        int i = 2 * x - y;
        if (i < -1) {
          yield three(e, 5 - y);
        }
        int at = 4 + x - (y >> 1);
        yield i == -1 ? three(e, 4) : (y & 1) == 0 ? two(e, at) : three(e, at);
      }
      case Vp8Modes.LEFT_DOWN -> x + y == 6 ? (e[11] + 3 * e[12] + 2) >> 2 : three(e, 6 + x + y);
      case Vp8Modes.VERTICAL_LEFT -> {
        if (x == 3 && y >= 2) {
          yield three(e, y == 2 ? 10 : 11);
        }
        int at = 5 + x + (y >> 1);
        yield (y & 1) == 0 ? two(e, at) : three(e, at + 1);
      }
      case Vp8Modes.HORIZONTAL_DOWN -> {
        int i = 2 * y - x;
        if (i < -1) {
          yield three(e, 3 + x);
        }
        int at = 3 - y + (x >> 1);
        yield i == -1 ? three(e, 4) : (x & 1) == 0 ? two(e, at) : three(e, at + 1);
      }
      default -> {
        int i = x + 2 * y;
        if (i > 5) {
          yield e[0];
        }
        int at = 3 - (i >> 1);
        yield i == 5
            ? (e[1] + 3 * e[0] + 2) >> 2
            : (i & 1) == 0 ? two(e, at - 1) : three(e, at - 1);
      }
    };
  }

  private static int two(int[] e, int i) {
    return (e[i] + e[i + 1] + 1) >> 1;
  }

  private static int three(int[] e, int i) {
    return (e[i - 1] + 2 * e[i] + e[i + 1] + 2) >> 2;
  }

  /** Adds the inverse transform of 16 coefficients (RFC 6386, section 14.3). */
  void addTransform(short[] in, int from, int to) {
    int[] half = new int[16];
    for (int i = 0; i < 4; i++) {
      int a = in[from + i] + in[from + 8 + i];
      int b = in[from + i] - in[from + 8 + i];
      int c = low(in[from + 4 + i]) - high(in[from + 12 + i]);
      int d = high(in[from + 4 + i]) + low(in[from + 12 + i]);
      half[4 * i] = a + d;
      half[4 * i + 1] = b + c;
      half[4 * i + 2] = b - c;
      half[4 * i + 3] = a - d;
    }
    for (int y = 0; y < 4; y++) {
      int dc = half[y] + 4;
      int a = dc + half[8 + y];
      int b = dc - half[8 + y];
      int c = low(half[4 + y]) - high(half[12 + y]);
      int d = high(half[4 + y]) + low(half[12 + y]);
      int row = to + y * stride;
      samples[row] = clip(get(row) + ((a + d) >> 3));
      samples[row + 1] = clip(get(row + 1) + ((b + c) >> 3));
      samples[row + 2] = clip(get(row + 2) + ((b - c) >> 3));
      samples[row + 3] = clip(get(row + 3) + ((a - d) >> 3));
    }
  }

  /** Times √2·cos(π/8). */
  private static int high(int v) {
    return ((v * 20091) >> 16) + v;
  }

  /** Times √2·sin(π/8). */
  private static int low(int v) {
    return (v * 35468) >> 16;
  }
}
