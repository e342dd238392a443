package dev.diptych.clip.tokenizer;

import org.jspecify.annotations.Nullable;

/** UTF-8 decoding in the ways that the repair of mojibake and the decoding of tokens need. */
final class Utf8 {
  private Utf8() {}

  /**
   * Decodes strictly, but for two variants that other software writes: 0xc0 0x80 for U+0000 (Java)
   * and surrogate pairs of three bytes each (CESU-8). After ftfy 6.3.1, module {@code
   * bad_codecs.utf8_variants}.
   *
   * @return the text, or null if the bytes are no such UTF-8
   */
  static @Nullable String decodeStrictly(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    int i = 0;
    while (i < bytes.length) {
      if (bytes[i] >= 0) {
        text.append((char) bytes[i++]);
        continue;
      }
      if (startsNull(bytes, i)) {
        text.append('\0');
        i += 2;
        continue;
      }
      if (startsSurrogatePair(bytes, i)) {
        text.appendCodePoint(
            0x10000
                + ((bytes[i + 1] & 0x0f) << 16)
                + ((bytes[i + 2] & 0x3f) << 10)
                + ((bytes[i + 4] & 0x0f) << 6)
                + (bytes[i + 5] & 0x3f));
        i += 6;
        continue;
      }
      int length = sequence(bytes, i);
      if (length < 0) {
        return null;
      }
      text.appendCodePoint(codePoint(bytes, i, length));
      i += length;
    }
    return text.toString();
  }

  /** Decodes, each longest ill-formed part becoming one U+FFFD, as Unicode recommends. */
  static String decodeLeniently(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    int i = 0;
    while (i < bytes.length) {
      int length = sequence(bytes, i);
      if (length < 0) {
        text.append('\ufffd');
        i -= length;
      } else {
        text.appendCodePoint(codePoint(bytes, i, length));
        i += length;
      }
    }
    return text.toString();
  }

  /** Length of the sequence at i, or minus the length of the ill-formed part there. */
  private static int sequence(byte[] bytes, int i) {
    int first = bytes[i] & 0xff;
    if (first < 0x80) {
      return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
      return -1;
    }
    int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    int low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    int high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (int k = 1; k < length; k++) {
      int next = i + k < bytes.length ? bytes[i + k] & 0xff : 0;
      if (next < low || next > high) {
        return -k;
      }
      low = 0x80;
      high = 0xbf;
    }
    return length;
  }

  private static int codePoint(byte[] bytes, int i, int length) {
    int value = length == 1 ? bytes[i] : bytes[i] & (0xff >> (length + 1));
    for (int k = 1; k < length; k++) {
      value = (value << 6) | (bytes[i + k] & 0x3f);
    }
    return value;
  }

  /** ftfy takes a line feed that ends the bytes for 0x80 here; so do we, to the letter. */
  private static boolean startsNull(byte[] bytes, int i) {
    return bytes[i] == (byte) 0xc0
        && i + 1 < bytes.length
        && (bytes[i + 1] == (byte) 0x80 || (bytes[i + 1] == '\n' && i + 2 == bytes.length));
  }

  private static boolean startsSurrogatePair(byte[] bytes, int i) {
    return i + 5 < bytes.length
        && bytes[i] == (byte) 0xed
        && (bytes[i + 1] & 0xf0) == 0xa0
        && (bytes[i + 2] & 0xc0) == 0x80
        && bytes[i + 3] == (byte) 0xed
        && (bytes[i + 4] & 0xf0) == 0xb0
        && (bytes[i + 5] & 0xc0) == 0x80;
  }
}
