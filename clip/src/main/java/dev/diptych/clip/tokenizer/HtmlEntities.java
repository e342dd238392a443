package dev.diptych.clip.tokenizer;

import dev.diptych.clip.Resources;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Character references of HTML, resolved in the two ways that CLIP's text cleaning resolves them:
 * all of them as browsers do (Python's {@code html.unescape}), or only the unambiguous ones (ftfy's
 * {@code unescape_html}). Existing Java libraries differ from the first in a few cases and lack the
 * second, hence the table {@code html5-entities.txt}.
 */
final class HtmlEntities {
  private static final Map<String, String> NAMED = readNamed();
  private static final Map<String, String> UPPERCASED = uppercased();
  private static final int LONGEST_NAME = 32;
  private static final Pattern UNAMBIGUOUS = Pattern.compile("&#?[0-9A-Za-z]{1,24};");

  private HtmlEntities() {}

  /**
   * Resolves every reference as browsers do: without semicolon where HTML accepts it, as the
   * longest known start of a name, and numbers of Windows-1252 where they name control characters.
   */
  static String unescape(String text) {
    int ampersand = text.indexOf('&');
    if (ampersand < 0) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    int done = 0;
    while (ampersand >= 0) {
      out.append(text, done, ampersand);
      done = reference(text, ampersand, out);
      ampersand = text.indexOf('&', done);
    }
    return out.append(text, done, text.length()).toString();
  }

  /** Resolves references that end in a semicolon, and names of them written in capitals. */
  static String unescapeUnambiguous(String text) {
    if (text.indexOf('&') < 0) {
      return text;
    }
    return UNAMBIGUOUS
        .matcher(text)
        .replaceAll(match -> Matcher.quoteReplacement(unambiguous(match.group())));
  }

  private static String unambiguous(String reference) {
    String name = reference.substring(1);
    String characters = NAMED.getOrDefault(name, UPPERCASED.get(name));
    if (characters != null) {
      return characters;
    }
    if (name.startsWith("#")) {
      String unescaped = unescape(reference);
      return unescaped.contains(";") ? reference : unescaped;
    }
    return reference;
  }

  /** Appends what the reference at the ampersand stands for; gives the index behind it. */
  private static int reference(String text, int ampersand, StringBuilder out) {
    int start = ampersand + 1;
    if (start < text.length() && text.charAt(start) == '#') {
      return number(text, ampersand, out);
    }
    int end = start;
    int codePoints = 0;
    while (end < text.length() && codePoints < LONGEST_NAME && inName(text.charAt(end))) {
      end += Character.charCount(text.codePointAt(end));
      codePoints++;
    }
    if (end == start) {
      out.append('&');
      return start;
    }
    if (end < text.length() && text.charAt(end) == ';') {
      end++;
    }
    String name = text.substring(start, end);
    String characters = NAMED.get(name);
    for (int length = name.length(); characters == null && length > 2; ) {
      length--;
      characters = NAMED.get(name.substring(0, length));
      if (characters != null) {
        out.append(characters).append(name, length, name.length());
        return end;
      }
    }
    out.append(characters == null ? "&" + name : characters);
    return end;
  }

  private static boolean inName(char c) {
    return c != '\t' && c != '\n' && c != '\f' && c != ' ' && c != '<' && c != '&' && c != '#'
        && c != ';';
  }

  private static int number(String text, int ampersand, StringBuilder out) {
    int at = ampersand + 2;
    boolean hexadecimal = at < text.length() && (text.charAt(at) | 0x20) == 'x';
    int radix = hexadecimal ? 16 : 10;
    if (hexadecimal) {
      at++;
    }
    int firstDigit = at;
    long value = 0;
    while (at < text.length() && digit(text.charAt(at), radix) >= 0) {
      value = Math.min(Integer.MAX_VALUE, value * radix + digit(text.charAt(at), radix));
      at++;
    }
    if (at == firstDigit) {
      out.append('&');
      return ampersand + 1;
    }
    if (at < text.length() && text.charAt(at) == ';') {
      at++;
    }
    appendNumbered((int) value, out);
    return at;
  }

  private static int digit(char c, int radix) {
    return c < 0x80 ? Character.digit(c, radix) : -1;
  }

  private static void appendNumbered(int value, StringBuilder out) {
    if (value == 0 || value > Character.MAX_CODE_POINT || (value >= 0xd800 && value <= 0xdfff)) {
      out.append('\ufffd');
    } else if (value >= 0x80 && value <= 0x9f) {
      out.append(SingleByteEncoding.WINDOWS_1252.upper(value));
    } else if (!isForbidden(value)) {
      out.appendCodePoint(value);
    }
  }

  /** Control characters and code points that are no characters: HTML drops them. */
  private static boolean isForbidden(int value) {
    return value <= 0x08
        || value == 0x0b
        || (value >= 0x0e && value <= 0x1f)
        || value == 0x7f
        || (value >= 0xfdd0 && value <= 0xfdef)
        || (value & 0xfffe) == 0xfffe;
  }

  private static Map<String, String> readNamed() {
    Map<String, String> named = new HashMap<>();
    for (String line : Resources.lines(HtmlEntities.class, "html5-entities.txt")) {
      String[] parts = line.split(" ", -1);
      StringBuilder characters = new StringBuilder();
      for (int i = 1; i < parts.length; i++) {
        characters.appendCodePoint(Integer.parseInt(parts[i], 16));
      }
      named.put(parts[0], characters.toString());
    }
    return named;
  }

  /** Names in lower case whose capitals mean nothing else: their characters in capitals. */
  private static Map<String, String> uppercased() {
    Map<String, String> uppercased = new HashMap<>();
    NAMED.forEach((name, characters) -> {
      String upper = name.toUpperCase(Locale.ROOT);
      if (name.endsWith(";")
          && name.equals(name.toLowerCase(Locale.ROOT))
          && unescape("&" + upper).equals("&" + upper)) {
        uppercased.put(upper, characters.toUpperCase(Locale.ROOT));
      }
    });
    return uppercased;
  }
}
