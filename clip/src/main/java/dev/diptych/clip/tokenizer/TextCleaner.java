package dev.diptych.clip.tokenizer;

/**
 * Cleans a text as CLIP does before it cuts it into tokens: repairs it, resolves HTML entities
 * twice, makes every run of white space one space, cuts white space off the ends, lower case.
 */
final class TextCleaner {
  private TextCleaner() {}

  /** The text that is cut into tokens. */
  static String clean(String text) {
    String repaired = TextRepair.repair(text);
    String unescaped = HtmlEntities.unescape(HtmlEntities.unescape(repaired));
    return LowerCase.of(collapse(unescaped));
  }

  /** Unicode's white space: what Python calls so, but for four separators that repair removes. */
  static boolean isSpace(int c) {
    return c == ' '
        || (c >= '\t' && c <= '\r')
        || (c >= 0x80
            && (c == 0x85
                || c == 0xa0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200a)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202f
                || c == 0x205f
                || c == 0x3000));
  }

  private static String collapse(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean pending = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isSpace(c)) {
        pending = !out.isEmpty();
      } else {
        if (pending) {
          out.append(' ');
          pending = false;
        }
        out.append(c);
      }
    }
    return out.toString();
  }
}
