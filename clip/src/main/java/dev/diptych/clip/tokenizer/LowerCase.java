package dev.diptych.clip.tokenizer;

/**
 * Lower case as Unicode's full mapping has it (section 3.13, without locales), which is what Python
 * does: capital sigma at the end of a word becomes the final one, and the dotted capital I two
 * characters. {@link String#toLowerCase()} finds the ends of words in another way.
 */
final class LowerCase {
  private static final char SIGMA = 'Σ';

  private LowerCase() {}

  /** The text in lower case. */
  static String of(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int end = i + Character.charCount(c);
      if (c == SIGMA) {
        out.append(casedBefore(text, i) && !casedAfter(text, end) ? 'ς' : 'σ');
      } else if (c == 'İ') {
        out.append("i\u0307");
      } else {
        out.appendCodePoint(Character.toLowerCase(c));
      }
      i = end;
    }
    return out.toString();
  }

  private static boolean casedBefore(String text, int index) {
    for (int i = index; i > 0; ) {
      int c = text.codePointBefore(i);
      if (!isCaseIgnorable(c)) {
        return isCased(c);
      }
      i -= Character.charCount(c);
    }
    return false;
  }

  private static boolean casedAfter(String text, int index) {
    for (int i = index; i < text.length(); ) {
      int c = text.codePointAt(i);
      if (!isCaseIgnorable(c)) {
        return isCased(c);
      }
      i += Character.charCount(c);
    }
    return false;
  }

  private static boolean isCased(int c) {
    return Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
  }

  private static boolean isCaseIgnorable(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.FORMAT,
          Character.MODIFIER_LETTER,
          Character.MODIFIER_SYMBOL ->
          true;
      default ->
          "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a"
                  .indexOf(c)
              >= 0;
    };
  }
}
