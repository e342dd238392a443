package dev.diptych.clip.image;

/** The directions from which a VP8 block is predicted, and how they are coded. */
final class Vp8Modes {
  static final int DC = 0;
  static final int TRUE_MOTION = 1;
  static final int VERTICAL = 2;
  static final int HORIZONTAL = 3;
  static final int RIGHT_DOWN = 4;
  static final int VERTICAL_RIGHT = 5;
  static final int LEFT_DOWN = 6;
  static final int VERTICAL_LEFT = 7;
  static final int HORIZONTAL_DOWN = 8;
  static final int HORIZONTAL_UP = 9;

  private Vp8Modes() {}

  /** RFC 6386, section 11.2. */
  static int readLuma(Vp8BitReader in) {
    if (in.bit(156) != 0) {
      return in.bit(128) != 0 ? TRUE_MOTION : HORIZONTAL;
    }
    return in.bit(163) != 0 ? VERTICAL : DC;
  }

  /** RFC 6386, section 11.2. */
  static int readChroma(Vp8BitReader in) {
    if (in.bit(142) == 0) {
      return DC;
    }
    if (in.bit(114) == 0) {
      return VERTICAL;
    }
    return in.bit(183) != 0 ? TRUE_MOTION : HORIZONTAL;
  }

  /** RFC 6386, section 11.2; {@code p} are nine probabilities from {@code at} on. */
  static int readSmall(Vp8BitReader in, int[] p, int at) {
    if (in.bit(p[at]) == 0) {
      return DC;
    }
    if (in.bit(p[at + 1]) == 0) {
      return TRUE_MOTION;
    }
    if (in.bit(p[at + 2]) == 0) {
      return VERTICAL;
    }
    if (in.bit(p[at + 3]) == 0) {
      if (in.bit(p[at + 4]) == 0) {
        return HORIZONTAL;
      }
      return in.bit(p[at + 5]) == 0 ? RIGHT_DOWN : VERTICAL_RIGHT;
    }
    if (in.bit(p[at + 6]) == 0) {
      return LEFT_DOWN;
    }
    if (in.bit(p[at + 7]) == 0) {
      return VERTICAL_LEFT;
    }
    return in.bit(p[at + 8]) == 0 ? HORIZONTAL_DOWN : HORIZONTAL_UP;
  }
}
