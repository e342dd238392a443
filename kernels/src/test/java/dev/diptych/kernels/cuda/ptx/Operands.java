package dev.diptych.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads operands. */
final class Operands {
  private Operands() {}

  /** The parts of {@code list} between commas that are outside all brackets. */
  static List<String> split(String list) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < list.length(); i++) {
      char c = list.charAt(i);
      depth += "[{(".indexOf(c) >= 0 ? 1 : "]})".indexOf(c) >= 0 ? -1 : 0;
      if (c == ',' && depth == 0) {
        parts.add(list.substring(start, i).strip());
        start = i + 1;
      }
    }
    String last = list.substring(start).strip();
    if (!last.isEmpty()) {
      parts.add(last);
    }
    return parts;
  }

  /** The operand that {@code text} is. */
  static Operand parse(String text, Scope scope, int line) {
    if (text.startsWith("{")) {
      return new Operand.Group(
          split(text.substring(1, text.length() - 1)).stream()
              .map(t -> parse(t, scope, line))
              .toList());
    }
    if (text.startsWith("[")) {
      return address(text.substring(1, text.length() - 1).strip(), scope, line);
    }
    int bar = text.indexOf('|');
    if (bar > 0) {
      return new Operand.Pair(
          parse(text.substring(0, bar).strip(), scope, line),
          parse(text.substring(bar + 1).strip(), scope, line));
    }
    if (text.equals("_")) {
      return new Operand.Sink();
    }
    if (text.equals("WARP_SZ")) {
      return new Operand.Constant(Warp.LANES, null);
    }
    Operand named = scope.find(text);
    if (named != null) {
      return named;
    }
    if (text.startsWith("%")) {
      if (!Specials.isKnown(text)) {
        throw new PtxException(line, "the interpreter does not know register " + text);
      }
      return new Operand.Special(text);
    }
    Operand number = number(text);
    if (number != null) {
      return number;
    }
    int plus = text.indexOf('+');
    if (plus > 0 && scope.find(text.substring(0, plus).strip()) instanceof Operand.Variable v) {
      Operand offset = number(text.substring(plus + 1).strip());
      if (offset instanceof Operand.Constant constant) {
        return new Operand.Variable(v.name(), v.address() + constant.bits());
      }
    }
    throw new PtxException(line, "unknown name: " + text);
  }

  private static Operand address(String text, Scope scope, int line) {
    int sign = Math.max(text.indexOf('+'), text.indexOf('-'));
    if (sign < 0) {
      return new Operand.Address(parse(text, scope, line), 0);
    }
    String offset = text.substring(text.charAt(sign) == '+' ? sign + 1 : sign).strip();
    if (number(offset) instanceof Operand.Constant constant) {
      String base = text.substring(0, sign).strip();
      base = base.endsWith("+") ? base.substring(0, base.length() - 1).strip() : base;
      return new Operand.Address(parse(base, scope, line), constant.bits());
    }
    throw new PtxException(line, "address not understood: [" + text + "]");
  }

  /** A number as PTX writes it, or null: {@code 12}, {@code 0xFF}, {@code 0f3F800000}. */
  static @Nullable Operand number(String text) {
    try {
      if (text.matches("0[fF][0-9a-fA-F]{8}")) {
        return new Operand.Constant(Long.parseLong(text.substring(2), 16), Type.F32);
      }
      if (text.matches("0[dD][0-9a-fA-F]{16}")) {
        return new Operand.Constant(Long.parseUnsignedLong(text.substring(2), 16), Type.F64);
      }
      String digits = text.endsWith("U") ? text.substring(0, text.length() - 1) : text;
      boolean negative = digits.startsWith("-");
      digits = negative ? digits.substring(1) : digits;
      if (!digits.matches("0[xX][0-9a-fA-F]+|[0-9]+")) {
        return null;
      }
      boolean hexadecimal = digits.startsWith("0x") || digits.startsWith("0X");
      long value =
          hexadecimal
              ? Long.parseUnsignedLong(digits.substring(2), 16)
              : Long.parseUnsignedLong(digits);
      return new Operand.Constant(negative ? -value : value, null);
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
