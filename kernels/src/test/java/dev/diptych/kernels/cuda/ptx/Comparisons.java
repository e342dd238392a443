package dev.diptych.kernels.cuda.ptx;

import org.jspecify.annotations.Nullable;

/** Predicates: comparing, choosing by them, and their logic. */
final class Comparisons {
  private Comparisons() {}

  /** A comparison of two registers' bits. */
  @FunctionalInterface
  private interface Test {
    boolean holds(long a, long b);
  }

  static Instruction decode(Form form) {
    return switch (form.base()) {
      case "setp" -> set(form);
      case "set" -> setWord(form);
      case "selp" -> select(form);
      case "slct" -> selectBySign(form);
      case "testp" -> classify(form);
      default -> logic(form);
    };
  }

  private static Test test(Form form, Type type) {
    boolean flush = form.take("ftz");
    String name =
        form.require(
            "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu",
            "gtu", "geu", "num", "nan");
    if (!type.isFloat()) {
      return integerTest(form, name, type);
    }
    Order order = order(form, name);
    return type == Type.F32 && !flush
        ? (a, b) -> order.holds(Numbers.f32(a), Numbers.f32(b))
        : (a, b) -> order.holds(number(a, type, flush), number(b, type, flush));
  }

  /** A comparison of two numbers, which may be none. */
  @FunctionalInterface
  private interface Order {
    boolean holds(double x, double y);
  }

  /** Names that end in u hold as well if one of the two is not a number. */
  private static Order order(Form form, String name) {
    return switch (name) {
      case "eq" -> (x, y) -> x == y;
      case "ne" -> (x, y) -> x < y || x > y;
      case "lt" -> (x, y) -> x < y;
      case "le" -> (x, y) -> x <= y;
      case "gt" -> (x, y) -> x > y;
      case "ge" -> (x, y) -> x >= y;
      case "equ" -> (x, y) -> !(x < y || x > y);
      case "neu" -> (x, y) -> x != y;
      case "ltu" -> (x, y) -> !(x >= y);
      case "leu" -> (x, y) -> !(x > y);
      case "gtu" -> (x, y) -> !(x <= y);
      case "geu" -> (x, y) -> !(x < y);
      case "num" -> (x, y) -> !Double.isNaN(x) && !Double.isNaN(y);
      case "nan" -> (x, y) -> Double.isNaN(x) || Double.isNaN(y);
      default -> throw form.unknown("." + name + " of floats");
    };
  }

  private static Test integerTest(Form form, String name, Type type) {
    return switch (name) {
      case "eq" -> (a, b) -> a == b;
      case "ne" -> (a, b) -> a != b;
      case "lt" -> type.isSigned() ? (a, b) -> a < b : (a, b) -> Long.compareUnsigned(a, b) < 0;
      case "le" -> type.isSigned() ? (a, b) -> a <= b : (a, b) -> Long.compareUnsigned(a, b) <= 0;
      case "gt" -> type.isSigned() ? (a, b) -> a > b : (a, b) -> Long.compareUnsigned(a, b) > 0;
      case "ge" -> type.isSigned() ? (a, b) -> a >= b : (a, b) -> Long.compareUnsigned(a, b) >= 0;
      case "lo" -> (a, b) -> Long.compareUnsigned(a, b) < 0;
      case "ls" -> (a, b) -> Long.compareUnsigned(a, b) <= 0;
      case "hi" -> (a, b) -> Long.compareUnsigned(a, b) > 0;
      case "hs" -> (a, b) -> Long.compareUnsigned(a, b) >= 0;
      default -> throw form.unknown("." + name + " of integers");
    };
  }

  private static double number(long bits, Type type, boolean flush) {
    return switch (type) {
      case F64 -> Numbers.f64(bits);
      case F16 -> Numbers.fromF16((int) bits);
      case BF16 -> Numbers.fromBf16((int) bits);
      default -> flush ? Numbers.flush(Numbers.f32(bits)) : Numbers.f32(bits);
    };
  }

  private static Instruction set(Form form) {
    Type type = form.type();
    String join = form.takeOneOf("and", "or", "xor");
    Test test = test(form, type);
    form.finish();
    Operand result = form.operand(0);
    int first;
    int second = -1;
    if (result instanceof Operand.Pair pair) {
      first = form.predicateTarget(pair.first());
      second = form.predicateTarget(pair.second());
    } else {
      first = form.predicateTarget(result);
    }
    Scalar.Input a = Scalar.input(form, 1, type);
    Scalar.Input b = Scalar.input(form, 2, type);
    int with = join == null ? -1 : form.predicate(3);
    return new SetPredicate(form, test, a, b, first, second, join, with);
  }

  /** {@code setp}: a lane's bit is the comparison, perhaps joined with another predicate. */
  private static final class SetPredicate extends Instruction {
    private final Test test;
    private final Scalar.Input a;
    private final Scalar.Input b;
    private final int first;
    private final int second;
    private final @Nullable String join;
    private final int with;

    SetPredicate(
        Form form,
        Test test,
        Scalar.Input a,
        Scalar.Input b,
        int first,
        int second,
        @Nullable String join,
        int with) {
      super(form);
      this.test = test;
      this.a = a;
      this.b = b;
      this.first = first;
      this.second = second;
      this.join = join;
      this.with = with;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int holds = 0;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        if (test.holds(a.bits(warp, lane), b.bits(warp, lane))) {
          holds |= 1 << lane;
        }
      }
      int other = join == null ? -1 : warp.predicates[with];
      write(warp, first, lanes, join(holds, other));
      if (second >= 0) {
        write(warp, second, lanes, join(~holds, other));
      }
    }

    private int join(int holds, int other) {
      if (join == null) {
        return holds;
      }
      return join.equals("and") ? holds & other : join.equals("or") ? holds | other : holds ^ other;
    }
  }

  static void write(Warp warp, int predicate, int lanes, int value) {
    warp.predicates[predicate] = (warp.predicates[predicate] & ~lanes) | (value & lanes);
  }

  /** {@code set}: all ones, or 1.0, where the comparison holds. */
  private static Instruction setWord(Form form) {
    Type to = form.type(0);
    Type type = form.type(1);
    Test test = test(form, type);
    long yes = to == Type.F32 ? Float.floatToRawIntBits(1f) : 0xffff_ffffL;
    return Scalar.of(form, (a, b, c) -> test.holds(a, b) ? yes : 0, type);
  }

  private static Instruction select(Form form) {
    form.finish();
    return new Select(form, form.type());
  }

  /** {@code selp}: one of two registers, by a predicate. */
  private static final class Select extends Instruction {
    private final Form.Target target;
    private final Form.Source a;
    private final Form.Source b;
    private final int by;

    Select(Form form, Type type) {
      this(
          form,
          form.target(form.operand(0), type.isWide()),
          form.source(1, type),
          form.source(2, type),
          form.predicate(3));
    }

    private Select(Form form, Form.Target target, Form.Source a, Form.Source b, int by) {
      super(form);
      this.target = target;
      this.a = a;
      this.b = b;
      this.by = by;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int value = warp.predicates[by];
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        target.set(warp, lane, (value >>> lane & 1) != 0 ? a.bits(warp, lane) : b.bits(warp, lane));
      }
    }
  }

  private static Instruction selectBySign(Form form) {
    boolean flush = form.take("ftz");
    Type type = form.type(0);
    boolean byFloat = form.type(1) == Type.F32;
    return Scalar.of(
        form,
        (a, b, c) -> (byFloat ? number(c, Type.F32, flush) >= 0 : (int) c >= 0) ? a : b,
        type,
        type,
        Type.B32);
  }

  private static Instruction classify(Form form) {
    String name = form.require("finite", "infinite", "number", "notanumber", "normal", "subnormal");
    Type type = form.type();
    double least = type == Type.F64 ? Double.MIN_NORMAL : Float.MIN_NORMAL;
    Test test =
        (a, b) -> {
          double x = number(a, type, false);
          double size = Math.abs(x);
          return switch (name) {
            case "finite" -> Double.isFinite(x);
            case "infinite" -> Double.isInfinite(x);
            case "number" -> !Double.isNaN(x);
            case "notanumber" -> Double.isNaN(x);
            case "normal" -> Double.isFinite(x) && size >= least;
            default -> size > 0 && size < least;
          };
        };
    form.finish();
    int target = form.predicateTarget(form.operand(0));
    Scalar.Input a = Scalar.input(form, 1, type);
    return new SetPredicate(form, test, a, a, target, -1, null, -1);
  }

  private static Instruction logic(Form form) {
    form.finish();
    int target = form.predicateTarget(form.operand(0));
    int a = form.predicate(1);
    int b = form.count() > 2 ? form.predicate(2) : a;
    return new Logic(form, form.base(), target, a, b);
  }

  /** {@code and.pred} and the like: the whole warp's bits at once. */
  private static final class Logic extends Instruction {
    private final String base;
    private final int target;
    private final int a;
    private final int b;

    Logic(Form form, String base, int target, int a, int b) {
      super(form);
      this.base = base;
      this.target = target;
      this.a = a;
      this.b = b;
      switch (base) {
        case "and", "or", "xor", "not", "mov" -> {}
        default -> throw form.unknown(base + ".pred");
      }
    }

    @Override
    void execute(Warp warp, int lanes) {
      int x = warp.predicates[a];
      int y = warp.predicates[b];
      int result =
          switch (base) {
            case "and" -> x & y;
            case "or" -> x | y;
            case "xor" -> x ^ y;
            case "not" -> ~x;
            default -> x;
          };
      write(warp, target, lanes, result);
    }
  }
}
