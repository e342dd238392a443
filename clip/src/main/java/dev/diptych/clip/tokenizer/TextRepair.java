package dev.diptych.clip.tokenizer;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Repairs text as CLIP's tokenizer does before anything else: the function {@code fix_text} of ftfy
 * 6.3.1, copyright 2023 Robyn Speer, Apache License 2.0, with its defaults: unambiguous HTML
 * entities, mojibake, ligatures, widths, quotation marks, line breaks, control characters and
 * Unicode normalisation (NFC), line by line and again until nothing changes.
 */
final class TextRepair {
  /** Longer lines are repaired in pieces of so many code points. */
  private static final int LONGEST_SEGMENT = 1_000_000;

  private static final Pattern TERMINAL_ESCAPE = Pattern.compile("\\x1b\\[[\\p{Nd};]*[a-zA-Z]");

  /** Characters that stand for others: ligatures of Latin letters, half and full widths, quotes. */
  private static final Map<Character, String> SUBSTITUTES = substitutes();

  private TextRepair() {}

  /** The text, repaired. */
  static String repair(String text) {
    if (isPlain(text)) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    // A literal < says that the text is HTML, whose entities are meant; also in the lines after it.
    boolean unescape = true;
    int start = 0;
    while (start < text.length()) {
      int end = segmentEnd(text, start);
      String segment = text.substring(start, end);
      unescape &= segment.indexOf('<') < 0;
      out.append(repairSegment(segment, unescape));
      start = end;
    }
    return out.toString();
  }

  /** Whether the text is of printable ASCII without entities, which no repair changes. */
  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~' || c == '&') {
        return false;
      }
    }
    return true;
  }

  private static int segmentEnd(String text, int start) {
    int end = text.indexOf('\n', start) + 1;
    if (end == 0) {
      end = text.length();
    }
    if (end - start > LONGEST_SEGMENT && text.codePointCount(start, end) > LONGEST_SEGMENT) {
      end = text.offsetByCodePoints(start, LONGEST_SEGMENT);
    }
    return end;
  }

  private static String repairSegment(String segment, boolean unescape) {
    String current = segment;
    while (true) {
      String next = unescape ? HtmlEntities.unescapeUnambiguous(current) : current;
      next = EncodingRepair.repair(next);
      next = EncodingRepair.controlsAsWindows1252(next);
      next = substitute(next);
      next = next.replace("\r\n", "\n").replace('\r', '\n');
      next = next.replace('\u2028', '\n').replace('\u2029', '\n').replace('\u0085', '\n');
      next = TERMINAL_ESCAPE.matcher(next).replaceAll("");
      next = withoutControls(next);
      next = Normalizer.normalize(next, Normalizer.Form.NFC);
      if (next.equals(current)) {
        return next;
      }
      current = next;
    }
  }

  private static String substitute(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      String substitute = c < 0x80 ? null : SUBSTITUTES.get(c);
      if (substitute == null) {
        out.append(c);
      } else {
        out.append(substitute);
      }
    }
    return out.toString();
  }

  /** Drops characters that do nothing but harm; half a surrogate pair becomes U+FFFD. */
  private static String withoutControls(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
            out.append('\ufffd');
          } else if (!isDropped(c)) {
            out.appendCodePoint(c);
          }
        });
    return out.toString();
  }

  private static boolean isDropped(int c) {
    return c <= 0x08
        || c == 0x0b
        || (c >= 0x0e && c <= 0x1f)
        || c == 0x7f
        || (c >= 0x206a && c <= 0x206f)
        || c == 0xfeff
        || (c >= 0xfff9 && c <= 0xfffc);
  }

  private static Map<Character, String> substitutes() {
    Map<Character, String> map = new HashMap<>();
    String[] ligatures = {
      "Ĳ", "IJ", "ĳ", "ij", "ŉ", "'n", "Ǳ", "DZ", "ǲ", "Dz", "ǳ", "dz", "Ǆ", "DŽ", "ǅ", "Dž", "ǆ",
      "dž", "Ǉ", "LJ", "ǈ", "Lj", "ǉ", "lj", "Ǌ", "NJ", "ǋ", "Nj", "ǌ", "nj", "ﬀ", "ff", "ﬁ", "fi",
      "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "ſt", "ﬆ", "st"
    };
    for (int i = 0; i < ligatures.length; i += 2) {
      map.put(ligatures[i].charAt(0), ligatures[i + 1]);
    }
    map.put('\u3000', " ");
    for (char c = '\uff01'; c < '\ufff0'; c++) {
      String wide = String.valueOf(c);
      String standard = Normalizer.normalize(wide, Normalizer.Form.NFKC);
      if (!standard.equals(wide)) {
        map.put(c, standard);
      }
    }
    for (char c : "ʼ‘’‚‛".toCharArray()) {
      map.put(c, "'");
    }
    for (char c : "“”„‟".toCharArray()) {
      map.put(c, "\"");
    }
    return Map.copyOf(map);
  }
}
