package dev.diptych.clip.report;

/** Fields of comma-separated values after RFC 4180. */
public final class Csv {
  private Csv() {}

  /** {@code field} as it stands in a row: in double quotes if it holds a comma, quote or break. */
  public static String field(String field) {
    boolean plain = field.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? field : '"' + field.replace("\"", "\"\"") + '"';
  }
}
