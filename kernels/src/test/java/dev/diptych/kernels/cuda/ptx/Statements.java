package dev.diptych.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;

/** Cuts a PTX text into statements, each with its line. */
final class Statements {
  /** What a statement is. */
  enum Kind {
    /** A directive or an instruction, without its semicolon. */
    PLAIN,
    /** What stands before an opening brace, such as the head of a kernel; often empty. */
    OPEN,
    /** A closing brace. */
    CLOSE,
    /** A label, without its colon. */
    LABEL
  }

  /** One statement; blanks are single spaces. */
  record Statement(Kind kind, int line, String text) {}

  private final String source;
  private final List<Statement> result = new ArrayList<>();
  private int at;
  private int line = 1;

  private Statements(String source) {
    this.source = withoutComments(source);
  }

  static List<Statement> of(String source) {
    Statements statements = new Statements(source);
    statements.cut();
    return statements.result;
  }

  /** Comments become blanks; lines stay where they are. */
  private static String withoutComments(String source) {
    StringBuilder text = new StringBuilder(source);
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && source.startsWith("//", i)) {
        for (; i < text.length() && text.charAt(i) != '\n'; i++) {
          text.setCharAt(i, ' ');
        }
      } else if (!quoted && source.startsWith("/*", i)) {
        int end = text.indexOf("*/", i + 2);
        for (; i < (end < 0 ? text.length() : end + 2); i++) {
          if (text.charAt(i) != '\n') {
            text.setCharAt(i, ' ');
          }
        }
      }
    }
    return text.toString();
  }

  private void cut() {
    StringBuilder current = new StringBuilder();
    int started = 0;
    int depth = 0;
    boolean quoted = false;
    for (; at < source.length(); at++) {
      char c = source.charAt(at);
      if (c == '\n') {
        line++;
      }
      if (current.isEmpty()) {
        if (Character.isWhitespace(c)) {
          continue;
        }
        started = line;
      }
      if (quoted || c == '"') {
        quoted ^= c == '"';
        current.append(c);
      } else if (c == ';') {
        emit(Kind.PLAIN, started, current);
      } else if (c == '{' && depth == 0 && opensScope(current)) {
        emit(Kind.OPEN, started, current);
      } else if (c == '}' && depth == 0) {
        emit(Kind.CLOSE, started, current);
      } else if (c == ':' && isLabel(current)) {
        emit(Kind.LABEL, started, current);
      } else if (c == '\n' && endsWithLine(current)) {
        emit(Kind.PLAIN, started, current);
      } else {
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        current.append(Character.isWhitespace(c) ? ' ' : c);
      }
    }
    if (!current.toString().isBlank()) {
      throw new PtxException(started, "the text ends within: " + current);
    }
  }

  private void emit(Kind kind, int started, StringBuilder current) {
    result.add(new Statement(kind, started, current.toString().replaceAll("\\s+", " ").strip()));
    current.setLength(0);
  }

  /** A brace at the start of a statement or after the head of a kernel; others hold operands. */
  private static boolean opensScope(StringBuilder before) {
    String text = before.toString().strip();
    return text.isEmpty()
        || text.startsWith(".section")
        || ((text.contains(".entry ") || text.contains(".func ")) && !text.contains("="));
  }

  private boolean isLabel(StringBuilder before) {
    String text = before.toString().strip();
    boolean doubled = at + 1 < source.length() && source.charAt(at + 1) == ':';
    return !doubled && text.matches("[\\w$]+");
  }

  /** Directives that have no semicolon. */
  private static boolean endsWithLine(StringBuilder text) {
    String start = text.toString();
    return start.startsWith(".version")
        || start.startsWith(".target")
        || start.startsWith(".address_size")
        || start.startsWith(".file")
        || start.startsWith(".loc ")
        || start.startsWith(".loc\t");
  }
}
