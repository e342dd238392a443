package dev.diptych.kernels.cuda.ptx;

/**
 * Arithmetic on f16 and bf16, one at a time or two in a register. It is done in double, which holds
 * every product and sum that can decide a rounding, and rounded once.
 */
final class Halves {
  private Halves() {}

  @FunctionalInterface
  private interface Operation {
    double apply(double a, double b, double c);
  }

  static Instruction decode(Form form) {
    Type type = form.type();
    boolean bf16 = type == Type.BF16 || type == Type.BF16X2;
    boolean two = type == Type.F16X2 || type == Type.BF16X2;
    form.takeOneOf("rn", "approx");
    boolean flush = form.take("ftz");
    boolean rectify = form.take("relu");
    boolean keepNan = form.take("NaN");
    boolean saturate = form.take("sat");
    Scalar.Function bitwise =
        switch (form.base()) {
          case "neg" -> (a, b, c) -> a ^ (two ? 0x8000_8000L : 0x8000L);
          case "abs" -> (a, b, c) -> a & (two ? 0x7fff_7fffL : 0x7fffL);
          default -> null;
        };
    if (bitwise != null) {
      return Scalar.of(form, bitwise, type);
    }
    Operation operation =
        switch (form.base()) {
          case "add" -> (a, b, c) -> a + b;
          case "sub" -> (a, b, c) -> a - b;
          case "mul" -> (a, b, c) -> a * b;
          case "fma" -> (a, b, c) -> a * b + c;
          case "min" -> (a, b, c) -> extreme(a, b, Math.min(a, b), keepNan);
          case "max" -> (a, b, c) -> extreme(a, b, Math.max(a, b), keepNan);
          case "ex2" -> (a, b, c) -> Math.pow(2, a);
          case "tanh" -> (a, b, c) -> Math.tanh(a);
          default -> throw form.unknown(form.base());
        };
    Scalar.Function one =
        (a, b, c) -> {
          double x =
              operation.apply(read(a, bf16, flush), read(b, bf16, flush), read(c, bf16, flush));
          if (saturate) {
            x = Floats.saturated((float) x);
          }
          if (rectify) {
            x = x > 0 || Double.isNaN(x) ? x : 0;
          }
          float rounded = Numbers.sticky(x);
          int half = bf16 ? Numbers.toBf16(rounded, false) : Numbers.toF16(rounded, false);
          return flush && !bf16 && (half & 0x7c00) == 0 ? half & 0x8000 : half;
        };
    return Scalar.of(
        form,
        two
            ? (a, b, c) ->
                one.apply(a & 0xffff, b & 0xffff, c & 0xffff)
                    | one.apply(a >>> 16, b >>> 16, c >>> 16) << 16
            : one,
        type);
  }

  private static double extreme(double a, double b, double found, boolean keepNan) {
    if (keepNan) {
      return found;
    }
    return Double.isNaN(a) ? b : Double.isNaN(b) ? a : found;
  }

  private static double read(long bits, boolean bf16, boolean flush) {
    int half = (int) bits & 0xffff;
    if (flush && !bf16 && (half & 0x7c00) == 0) {
      half &= 0x8000;
    }
    return bf16 ? Numbers.fromBf16(half) : Numbers.fromF16(half);
  }
}
