package dev.diptych.clip.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Undoes mojibake: text in UTF-8 that was read in an encoding of one byte per character, perhaps
 * more than once.
 *
 * <p>The method is that of ftfy 6.3.1 ({@code fix_encoding}), copyright 2023 Robyn Speer, Apache
 * License 2.0: while the text looks bad, find the first encoding whose bytes for it are UTF-8
 * (after putting back no-break spaces and marking lost bytes); failing that, repair the parts that
 * look like UTF-8 one by one; failing that, take control characters for those of Windows-1252.
 */
final class EncodingRepair {
  /** Characters of the bytes that start a sequence of two. */
  private static final String FIRST_OF_2 =
      "ĂÂÄĀÅÃÆĆČÇĎĐÉĚÊËĖÈĒĘÐĞĢÍÎÏİÌĪĶĹĻŁŃŇŅÑÓÔÖŐÒŌØÕŘŚŠŞŢÞÚÛÜŰÙŪŲŮÝŹŽŻß×ΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠ"
          + "ΡΣΤΥΦΧΨΩΪΫάέήίВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ";

  /** Characters of the bytes that start a sequence of three. */
  private static final String FIRST_OF_3 =
      "áăâäàāąåãæćčçďéěêëėèēęęģíîïìīįķĺļŕźΰαβγδεζηθικλμνξοабвгдежзийклмноп";

  /** Characters of the bytes that start a sequence of four. */
  private static final String FIRST_OF_4 = "đðğóšπσру";

  /**
   * Characters of the bytes that continue a sequence, and the space, which a no-break space may
   * have become.
   */
  private static final String CONTINUATION =
      "\u0080-¿ ĄÆĽŁØŖŚŠŞŤŸŹŽŻŒąæƒľłøŗśšşťźžżœˆˇ˘˛˜˝΄΅ΆΈΉΊΌΎΏЁЂЃЄЅІЇЈЉЊЋЌЎЏёђѓєѕії"
          + "јљњћќўџҐґ–—―‘’‚“”„†‡•…‰‹›€№™";

  /** The same without the space and without punctuation that is common before a word. */
  private static final String STRICT_CONTINUATION =
      "\u0080-¿ĄÆĽŁØŖŚŠŞŤŸŹŽŻŒąæƒľłøŗśšşťźžżœˆˇ˘˛˜˝΄΅ΆΈΉΊΌΎΏЁЂЃЄЅІЇЈЉЊЋЌЎЏёђѓєѕіїјљњћќў"
          + "џҐґ†‡‰‹›€№™";

  /** Parts that look like UTF-8 read in some encoding; several neighbours are taken as one. */
  private static final Pattern EMBEDDED =
      Pattern.compile(
          "(?<![%s])(?:[%s][%s]|[%s][%s]{2}|[%s][%s]{3})++"
              .formatted(
                  STRICT_CONTINUATION,
                  FIRST_OF_2,
                  CONTINUATION,
                  FIRST_OF_3,
                  CONTINUATION,
                  FIRST_OF_4,
                  CONTINUATION));

  // The patterns below match bytes, each as the character of its number.

  private static final String NOT_SPACE_BYTE = "[\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf]";

  /** UTF-8 but for a no-break space (0xa0) that became a space, where that makes likely letters. */
  private static final Pattern SPACED =
      Pattern.compile(
          String.join(
              "|",
              "[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] ",
              "[\\xe2\\xe3] " + NOT_SPACE_BYTE,
              "[\\xe0-\\xe3]" + NOT_SPACE_BYTE + " ",
              "\\xf0 [\\x80-\\xbf][\\x80-\\xbf]",
              "\\xf0[\\x80-\\xbf] [\\x80-\\xbf]",
              "\\xf0[\\x80-\\xbf][\\x80-\\xbf] "));

  /** The word a with grave accent before a space, which then stays; not where Portuguese joins. */
  private static final Pattern A_GRAVE_WORD = Pattern.compile("\\xc3 (?! |quele|quela|quilo|s )");

  /** UTF-8 of which some byte was lost (0x1a) or became a question mark. */
  private static final Pattern LOSSY =
      Pattern.compile(
          String.join(
              "|",
              "[\\xc2-\\xdf]\\x1a",
              "[\\xc2\\xc3][?]",
              "\\xed[\\xa0-\\xaf][\\x1a?]\\xed[\\xb0-\\xbf][\\x1a?\\x80-\\xbf]",
              "\\xed[\\xa0-\\xaf][\\x1a?\\x80-\\xbf]\\xed[\\xb0-\\xbf][\\x1a?]",
              "[\\xe0-\\xef][\\x1a?][\\x1a\\x80-\\xbf]",
              "[\\xe0-\\xef][\\x1a\\x80-\\xbf][\\x1a?]",
              "[\\xf0-\\xf4][\\x1a?][\\x1a\\x80-\\xbf][\\x1a\\x80-\\xbf]",
              "[\\xf0-\\xf4][\\x1a\\x80-\\xbf][\\x1a?][\\x1a\\x80-\\xbf]",
              "[\\xf0-\\xf4][\\x1a\\x80-\\xbf][\\x1a\\x80-\\xbf][\\x1a?]",
              "\\x1a"));

  private static final String REPLACEMENT_BYTES = "\u00ef\u00bf\u00bd";

  private EncodingRepair() {}

  /** The text without its mojibake, as far as that can be told. */
  static String repair(String text) {
    String current = text;
    while (true) {
      String next = step(current);
      if (next.equals(current)) {
        return next;
      }
      current = next;
    }
  }

  private static String step(String text) {
    if (isAscii(text) || !Badness.isBad(text)) {
      return text;
    }
    for (SingleByteEncoding encoding : SingleByteEncoding.ALL) {
      String decoded = decodeAs(encoding, text);
      if (decoded != null) {
        return decoded;
      }
    }
    String embedded = repairEmbedded(text);
    if (!embedded.equals(text)) {
      return embedded;
    }
    // What remains is Latin-1 that was meant as Windows-1252, or a mixture not worth guessing at.
    return controlsAsWindows1252(text);
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  /** The UTF-8 text whose bytes read as {@code text} in the encoding; null if there is none. */
  private static @Nullable String decodeAs(SingleByteEncoding encoding, String text) {
    byte[] encoded = encoding.encode(text);
    if (encoded == null) {
      return null;
    }
    String bytes = new String(encoded, StandardCharsets.ISO_8859_1);
    if (encoding.restoresNoBreakSpace() && SPACED.matcher(bytes).find()) {
      bytes = A_GRAVE_WORD.matcher(bytes).replaceAll("\u00c3\u00a0 ");
      bytes = SPACED.matcher(bytes).replaceAll(match -> match.group().replace(' ', '\u00a0'));
    }
    if (encoding.sloppy()) {
      bytes = LOSSY.matcher(bytes).replaceAll(REPLACEMENT_BYTES);
    }
    return Utf8.decodeStrictly(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String repairEmbedded(String text) {
    return EMBEDDED
        .matcher(text)
        .replaceAll(match -> {
          String part = match.group();
          // A part that is the whole text was tried already, and would be tried for ever.
          boolean repairable = part.length() < text.length() && Badness.isBad(part);
          return Matcher.quoteReplacement(repairable ? repair(part) : part);
        });
  }

  /** Gives the control characters 0x80 to 0x9f the meaning of their bytes in Windows-1252. */
  static String controlsAsWindows1252(String text) {
    if (!hasControl(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      out.append(isControl(c) ? SingleByteEncoding.WINDOWS_1252.upper(c) : c);
    }
    return out.toString();
  }

  private static boolean hasControl(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (isControl(text.charAt(i))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isControl(char c) {
    return c >= 0x80 && c <= 0x9f;
  }
}
