package dev.diptych.clip.tokenizer;

import java.util.regex.Pattern;

/**
 * Tells text that looks like mojibake: neighbouring characters that hardly ever stand side by side
 * in text of any language, but often do when UTF-8 was read as a single-byte encoding.
 *
 * <p>The categories and rules are those of ftfy 6.3.1 (module {@code badness}), copyright 2023
 * Robyn Speer, Apache License 2.0, here as one Java pattern: CLIP cleans its captions with that
 * library, so the ids depend on them.
 */
final class Badness {
  /** Stand in many texts that are in order. */
  private static final String COMMON = "\u00a0\u00ad·´–—―…’";

  /** Control characters that have no use but as a trace of mojibake. */
  private static final String C1 = "\u0080-\u009f";

  /** Hardly ever seen except in mojibake. */
  private static final String BAD = "¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\ufffdªº";

  private static final String LAW = "¶§";

  private static final String CURRENCY = "¢£¥₧€";

  private static final String OPENING = "¡«¿©΄΅‘‚“„•‹\uf8ff";

  private static final String CLOSING = "®»˝”›™";

  private static final String NUMERIC = "²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№";

  /** Letters that also make faces, and so may stand in improbable places. */
  private static final String KAOMOJI = "Ò-ÖÙ-Üò-öø-üŐŌŪŲ°";

  private static final String UPPER_ACCENTED = "À-ÑØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ";

  private static final String LOWER_ACCENTED = "ßà-ñăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґ\ufb01\ufb02";

  private static final String UPPER_COMMON = "ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я";

  private static final String LOWER_COMMON = "α-ωάέήίΰа-џ";

  /** Box drawing without the single horizontal line, which faces use too. */
  private static final String BOX = "│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓";

  private static final String WORD = "\\p{L}\\p{N}_";
  private static final String SPACE =
      "\\x09-\\x0d\\x1c-\\x20\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}"
          + "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";

  private static final Pattern PATTERN =
      Pattern.compile(
          String.join(
              "|",
              one(C1),
              one(
                      BAD,
                      LOWER_ACCENTED,
                      UPPER_ACCENTED,
                      BOX,
                      OPENING,
                      CLOSING,
                      CURRENCY,
                      NUMERIC,
                      LAW)
                  + one(BAD),
              "[a-zA-Z]" + one(LOWER_COMMON, UPPER_COMMON) + one(BAD),
              one(BAD)
                  + one(
                      LOWER_ACCENTED,
                      UPPER_ACCENTED,
                      BOX,
                      OPENING,
                      CLOSING,
                      CURRENCY,
                      NUMERIC,
                      LAW),
              one(LOWER_ACCENTED, LOWER_COMMON, BOX, CLOSING, CURRENCY, NUMERIC)
                  + one(UPPER_ACCENTED),
              one(BOX, CLOSING, CURRENCY, NUMERIC) + one(LOWER_ACCENTED),
              one(LOWER_ACCENTED, BOX, CLOSING) + one(CURRENCY),
              one(SPACE) + one(UPPER_ACCENTED) + one(CURRENCY),
              one(UPPER_ACCENTED, BOX) + one(NUMERIC, LAW),
              one(LOWER_ACCENTED, UPPER_ACCENTED, BOX, CURRENCY, CLOSING)
                  + one(OPENING)
                  + one(NUMERIC),
              one(LOWER_ACCENTED, UPPER_ACCENTED, CURRENCY, NUMERIC, BOX, LAW)
                  + one(CLOSING)
                  + one(OPENING),
              one(CURRENCY, NUMERIC, BOX) + one(OPENING),
              "[a-z]" + one(UPPER_ACCENTED) + one(OPENING, CURRENCY),
              one(BOX) + one(KAOMOJI),
              one(LOWER_ACCENTED, UPPER_ACCENTED, CURRENCY, NUMERIC, OPENING, CLOSING, LAW)
                  + one(BOX),
              one(BOX) + one(CLOSING),
              one(LOWER_ACCENTED, UPPER_ACCENTED) + one(OPENING, CLOSING) + one(WORD),
              // The ligature oe that no plain Latin letter follows.
              "[Œœ][^A-Za-z]",
              // A degree sign after a capital letter.
              one(UPPER_ACCENTED) + "°",
              // Pairs of Windows-1252 that no rule above covers.
              "[ÂÃÎÐ]" + one("€œŠš¢£Ÿž\u00a0\u00ad®©°·»", OPENING, CLOSING, "–—´"),
              "×[²³]",
              // Arabic read as Windows-1252: needs the common characters, so four are asked for.
              arabic() + arabic(),
              // Starts of three-byte sequences of South Asian alphabets in Windows-1252.
              "à[²µ¹¼½¾]",
              // MacRoman.
              "√[±∂†≠®™´≤≥¥µø]",
              "≈[°¢]",
              "‚Ä[ìîïòôúùû†°¢π]",
              "‚[âó][àä°ê]",
              // U+2000 and following read as Windows-1251.
              "вЂ",
              // Latin-1 or Cyrillic read as Windows-1251.
              "[ВГРС]" + one(C1, BAD, OPENING, CLOSING, CURRENCY, "°µ") + "[ВГРС]",
              "ГўВЂВ[^\n][A-Za-z ]",
              // Windows-1252 forms of a with grave or acute accent, and of the no-break space.
              "Ã[\u00a0¡]",
              "[a-z]" + one(SPACE) + "?[ÃÂ] ",
              "^[ÃÂ] ",
              // A circumflex before a character that it encodes as itself.
              one("a-z.,?!", CLOSING) + "Â" + one(" ", OPENING, CLOSING),
              // U+2000 and following, and Greek, read as Windows-1253.
              "β€[™\u00a0Ά\u00ad®°]",
              "[ΒΓΞΟ]" + one(C1, BAD, OPENING, CLOSING, CURRENCY, "°") + "[ΒΓΞΟ]",
              // U+2000 and following read as Windows-1257.
              "ā€"));

  private Badness() {}

  /** Whether some part of the text looks like mojibake. */
  static boolean isBad(String text) {
    return isSuspect(text) && PATTERN.matcher(text).find();
  }

  /**
   * Whether the pattern has any chance: it is slow, and every rule of it needs a control character,
   * one of four letters, or two neighbours that are not ASCII, neither of them of the scripts that
   * no rule names and the second no small Greek or Cyrillic letter.
   */
  private static boolean isSuspect(String text) {
    boolean before = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c >= 0x80 && c <= 0x9f) || c == 'Ã' || c == 'Â' || c == 'Œ' || c == 'œ') {
        return true;
      }
      boolean named = c >= 0x80 && (c < 0x2e80 || c > 0xf7ff);
      if (before && named && !isSmallGreekOrCyrillic(c)) {
        return true;
      }
      before = named;
    }
    return false;
  }

  private static boolean isSmallGreekOrCyrillic(char c) {
    return (c >= 0x3b1 && c <= 0x3c9) || (c >= 0x430 && c <= 0x44f);
  }

  private static String one(String... categories) {
    return "[" + String.join("", categories) + "]";
  }

  private static String arabic() {
    return "[ØÙ]" + one(COMMON, CURRENCY, BAD, NUMERIC, OPENING, "ŸŠ®°µ»");
  }
}
