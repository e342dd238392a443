package dev.diptych.clip.image;

/** The arithmetic decoder of VP8 (RFC 6386, section 7) over a part of a file. */
final class Vp8BitReader {
  private final byte[] bytes;
  private final int end;
  private int at;
  private long value;
  private int range = 254;
  private int bits = -8;
  private boolean exhausted;

  Vp8BitReader(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  /** Whether bits were asked for that the part does not have. */
  boolean exhausted() {
    return exhausted;
  }

  /** One bit that is 0 with the probability {@code probability}/256. */
  int bit(int probability) {
    if (bits < 0) {
      load();
    }
    int split = (range * probability) >> 8;
    int bit;
    int width;
    if ((value >> bits) > split) {
      width = range - split;
      value -= (split + 1L) << bits;
      bit = 1;
    } else {
      width = split + 1;
      bit = 0;
    }
    int shift = Integer.numberOfLeadingZeros(width) - 24;
    range = (width << shift) - 1;
    bits -= shift;
    return bit;
  }

  private void load() {
    if (at < end) {
      value = (value << 8) | (bytes[at++] & 0xff);
      bits += 8;
    } else if (!exhausted) {
      value <<= 8;
      bits += 8;
      exhausted = true;
    } else {
      bits = 0;
    }
  }

  boolean flag() {
    return bit(128) != 0;
  }

  /** An unsigned number of {@code count} bits, the highest first. */
  int number(int count) {
    int v = 0;
    for (int i = 0; i < count; i++) {
      v = 2 * v + bit(128);
    }
    return v;
  }

  /** A number of {@code count} bits and its sign. */
  int signed(int count) {
    int v = number(count);
    return flag() ? -v : v;
  }

  /** A number with a flag before it that says whether it is there, else 0. */
  int optionalSigned(int count) {
    return flag() ? signed(count) : 0;
  }
}
