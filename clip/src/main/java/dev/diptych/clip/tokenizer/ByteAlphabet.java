package dev.diptych.clip.tokenizer;

import java.util.Arrays;

/**
 * The characters that stand for bytes in a vocabulary file: printable Latin-1 characters for their
 * own bytes, characters from U+0100 on for the others (the scheme of GPT-2).
 */
final class ByteAlphabet {
  /** Marks the last symbol of a word. */
  static final String WORD_END = "</w>";

  private static final char[] CHARACTERS = new char[256];

  /** Bytes in the order of their ids in CLIP's vocabulary: first those that print. */
  private static final int[] ORDER = new int[256];

  private static final short[] BYTES = new short[512];

  static {
    Arrays.fill(BYTES, (short) -1);
    int ordered = 0;
    for (int b = 0; b < 256; b++) {
      if (isPrintable(b)) {
        CHARACTERS[b] = (char) b;
        ORDER[ordered++] = b;
      }
    }
    int unprintable = 0;
    for (int b = 0; b < 256; b++) {
      if (!isPrintable(b)) {
        CHARACTERS[b] = (char) (256 + unprintable++);
        ORDER[ordered++] = b;
      }
      BYTES[CHARACTERS[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  private static boolean isPrintable(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  }

  /** The symbol of a byte from 0 to 255. */
  static String symbol(int b) {
    return String.valueOf(CHARACTERS[b]);
  }

  /** The byte whose id is {@code position} in CLIP's vocabulary. */
  static int byteAt(int position) {
    return ORDER[position];
  }

  /** Whether every character stands for a byte. */
  static boolean isToken(String token) {
    for (int i = 0; i < token.length(); i++) {
      char c = token.charAt(i);
      if (c >= BYTES.length || BYTES[c] < 0) {
        return false;
      }
    }
    return !token.isEmpty();
  }

  /** The bytes that a token stands for, its end-of-word mark included as it is spelt. */
  static byte[] bytes(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) BYTES[token.charAt(i)];
    }
    return bytes;
  }
}
