package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.util.ArrayList;
import java.util.List;

/**
 * Names of many shards in one, as WebDataset writes them: {@code a-{000000..000003}.tar} counts
 * (the width of the first number is kept), {@code {train,val}.tar} lists. Several braces multiply,
 * and braces may stand within the parts of a list.
 */
final class BraceExpansion {
  private static final int MAX_NAMES = 1_000_000;

  private BraceExpansion() {}

  /**
   * All names that {@code pattern} stands for, in order. A brace without a comma or a range stands
   * for itself, as in a shell.
   *
   * @throws UserException when a brace is not closed, or the names are more than a million
   */
  static List<String> expand(String pattern) {
    return expand(pattern, pattern);
  }

  private static List<String> expand(String part, String whole) {
    int open = part.indexOf('{');
    if (open < 0) {
      return List.of(part);
    }
    int close = closing(part, open, whole);
    String head = part.substring(0, open);
    List<String> tails = expand(part.substring(close + 1), whole);
    List<String> names = new ArrayList<>();
    for (String middle : alternatives(part.substring(open + 1, close), whole)) {
      for (String tail : tails) {
        if (names.size() >= MAX_NAMES) {
          throw new UserException(whole + ": stands for more than " + MAX_NAMES + " names");
        }
        names.add(head + middle + tail);
      }
    }
    return names;
  }

  private static int closing(String part, int open, String whole) {
    int depth = 0;
    for (int i = open; i < part.length(); i++) {
      char c = part.charAt(i);
      if (c == '{') {
        depth++;
      } else if (c == '}' && --depth == 0) {
        return i;
      }
    }
    throw new UserException(
        whole
            + ": the brace at character "
            + (open + 1)
            + " is not closed; expected {a,b} or {0..9}");
  }

  private static List<String> alternatives(String body, String whole) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < body.length(); i++) {
      char c = body.charAt(i);
      if (c == '{') {
        depth++;
      } else if (c == '}') {
        depth--;
      } else if (c == ',' && depth == 0) {
        parts.add(body.substring(start, i));
        start = i + 1;
      }
    }
    parts.add(body.substring(start));
    if (parts.size() == 1) {
      List<String> range = range(body, whole);
      if (!range.isEmpty()) {
        return range;
      }
      return expand(body, whole).stream().map(name -> "{" + name + "}").toList();
    }
    List<String> all = new ArrayList<>();
    for (String alternative : parts) {
      all.addAll(expand(alternative, whole));
    }
    return all;
  }

  /** The numbers of {@code 000..012}; none when {@code body} is no range. */
  private static List<String> range(String body, String whole) {
    int dots = body.indexOf("..");
    if (dots < 0) {
      return List.of();
    }
    String first = body.substring(0, dots);
    String last = body.substring(dots + 2);
    if (!isNumber(first) || !isNumber(last)) {
      return List.of();
    }
    long from = Long.parseLong(first);
    long to = Long.parseLong(last);
    long count = Math.abs(to - from) + 1;
    if (count > MAX_NAMES) {
      throw new UserException(
          whole + ": {" + body + "} stands for " + count + " names, more than " + MAX_NAMES);
    }
    boolean padded = isPadded(first) || isPadded(last);
    int width = padded ? Math.max(first.length(), last.length()) : 1;
    List<String> names = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      String digits = Long.toString(to >= from ? from + i : from - i);
      names.add("0".repeat(Math.max(0, width - digits.length())) + digits);
    }
    return names;
  }

  private static boolean isPadded(String number) {
    return number.length() > 1 && number.charAt(0) == '0';
  }

  private static boolean isNumber(String text) {
    return !text.isEmpty()
        && text.length() <= 18
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
