package dev.diptych.clip.tokenizer;

import dev.diptych.clip.Resources;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An encoding of one byte per character that UTF-8 text may have been read in by mistake.
 *
 * <p>The encodings named {@code sloppy} give undefined bytes the control character of their number
 * and byte 0x1a the replacement character, so that text that already lost characters can still be
 * taken apart (after ftfy 6.3.1, module {@code bad_codecs.sloppy}). The tables are ours, not the
 * JDK's: its charsets for these encodings live in an optional module.
 */
final class SingleByteEncoding {
  /** The encodings in the order in which they are tried. */
  static final List<SingleByteEncoding> ALL = read();

  static final SingleByteEncoding WINDOWS_1252 = ALL.get(1);

  private static final byte SUBSTITUTE = 0x1a;
  private static final char REPLACEMENT = '\ufffd';

  private final String name;
  private final boolean sloppy;

  /** Characters of bytes 0x80 to 0xff. */
  private final char[] upperHalf;

  private final char[] sortedCharacters;
  private final byte[] sortedBytes;

  private SingleByteEncoding(String name, char[] upperHalf) {
    this.name = name;
    this.sloppy = name.startsWith("sloppy-");
    this.upperHalf = upperHalf;
    this.sortedCharacters = upperHalf.clone();
    Arrays.sort(sortedCharacters);
    this.sortedBytes = new byte[128];
    for (int i = 0; i < 128; i++) {
      sortedBytes[Arrays.binarySearch(sortedCharacters, upperHalf[i])] = (byte) (128 + i);
    }
  }

  /** Whether bytes may be missing, their characters having become U+FFFD. */
  boolean sloppy() {
    return sloppy;
  }

  /**
   * Whether a no-break space that became a space is to be put back; not where it reads as a dash.
   */
  boolean restoresNoBreakSpace() {
    return !name.equals("macroman");
  }

  /** The bytes that read as the text in this encoding, or null if some character has none. */
  byte @Nullable [] encode(String text) {
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        if (sloppy && c == SUBSTITUTE) {
          return null;
        }
        bytes[i] = (byte) c;
      } else if (sloppy && c == REPLACEMENT) {
        bytes[i] = SUBSTITUTE;
      } else {
        int found = Arrays.binarySearch(sortedCharacters, c);
        if (found < 0) {
          return null;
        }
        bytes[i] = sortedBytes[found];
      }
    }
    return bytes;
  }

  /** The character of a byte from 0x80 to 0xff. */
  char upper(int unsignedByte) {
    return upperHalf[unsignedByte - 0x80];
  }

  private static List<SingleByteEncoding> read() {
    List<SingleByteEncoding> all = new ArrayList<>();
    for (String line : Resources.lines(SingleByteEncoding.class, "single-byte-encodings.txt")) {
      int space = line.indexOf(' ');
      char[] characters = new char[128];
      int at = space + 1;
      for (int i = 0; i < 128; i++) {
        if (line.charAt(at) == '\\') {
          characters[i] = (char) Integer.parseInt(line, at + 2, at + 6, 16);
          at += 6;
        } else {
          characters[i] = line.charAt(at++);
        }
      }
      all.add(new SingleByteEncoding(line.substring(0, space), characters));
    }
    return List.copyOf(all);
  }
}
