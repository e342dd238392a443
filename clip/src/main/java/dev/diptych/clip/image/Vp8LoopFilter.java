package dev.diptych.clip.image;

/** Smooths the edges of blocks (RFC 6386, section 15). */
final class Vp8LoopFilter {
  private Vp8LoopFilter() {}

  /**
   * Filters {@code length} places along an edge.
   *
   * @param at the first sample behind the edge
   * @param across step over the edge
   * @param along step to the next place
   */
  static void simple(byte[] s, int at, int across, int along, int length, int limit) {
    for (int i = 0; i < length; i++, at += along) {
      if (isSmooth(s, at, across, 2 * limit + 1)) {
        two(s, at, across);
      }
    }
  }

  /** The normal filter; {@code macro} edges lie between macroblocks and are smoothed wider. */
  static void normal(
      byte[] s,
      int at,
      int across,
      int along,
      int length,
      int limit,
      int inner,
      int variance,
      boolean macro) {
    for (int i = 0; i < length; i++, at += along) {
      if (!isSmooth(s, at, across, 2 * limit + 1) || !isSmoothInside(s, at, across, inner)) {
        continue;
      }
      if (distance(s, at - 2 * across, at - across) > variance
          || distance(s, at + across, at) > variance) {
        two(s, at, across);
      } else if (macro) {
        six(s, at, across);
      } else {
        four(s, at, across);
      }
    }
  }

  private static boolean isSmooth(byte[] s, int at, int step, int limit) {
    return 4 * distance(s, at - step, at) + distance(s, at - 2 * step, at + step) <= limit;
  }

  private static boolean isSmoothInside(byte[] s, int at, int step, int limit) {
    return distance(s, at - 4 * step, at - 3 * step) <= limit
        && distance(s, at - 3 * step, at - 2 * step) <= limit
        && distance(s, at - 2 * step, at - step) <= limit
        && distance(s, at + 3 * step, at + 2 * step) <= limit
        && distance(s, at + 2 * step, at + step) <= limit
        && distance(s, at + step, at) <= limit;
  }

  private static void two(byte[] s, int at, int step) {
    int a = 3 * difference(s, at, at - step) + clamp(difference(s, at - 2 * step, at + step));
    add(s, at - step, small((a + 3) >> 3));
    add(s, at, -small((a + 4) >> 3));
  }

  private static void four(byte[] s, int at, int step) {
    int a = 3 * difference(s, at, at - step);
    int behind = small((a + 4) >> 3);
    int outer = (behind + 1) >> 1;
    add(s, at - 2 * step, outer);
    add(s, at - step, small((a + 3) >> 3));
    add(s, at, -behind);
    add(s, at + step, -outer);
  }

  private static void six(byte[] s, int at, int step) {
    int edge = 3 * difference(s, at, at - step);
    int a = clamp(edge + clamp(difference(s, at - 2 * step, at + step)));
    for (int i = 0; i < 3; i++) {
      int change = ((27 - 9 * i) * a + 63) >> 7;
      add(s, at - (i + 1) * step, change);
      add(s, at + i * step, -change);
    }
  }

  private static int difference(byte[] s, int a, int b) {
    return (s[a] & 0xff) - (s[b] & 0xff);
  }

  private static int distance(byte[] s, int a, int b) {
    return Math.abs(difference(s, a, b));
  }

  private static int clamp(int v) {
    return Math.clamp(v, -128, 127);
  }

  private static int small(int v) {
    return Math.clamp(v, -16, 15);
  }

  private static void add(byte[] s, int at, int change) {
    s[at] = (byte) Math.clamp((s[at] & 0xff) + change, 0, 255);
  }
}
