package dev.diptych.kernels.cuda.ptx;

/**
 * The most frequent operations on 32 bits once more, as plain loops over all lanes for when no lane
 * is missing: this is where most of the time of an interpreted kernel would go otherwise.
 */
final class WholeWarp extends Scalar {
  /** The operations that are worth a loop of their own. */
  enum Operation {
    ADD,
    SUBTRACT,
    MULTIPLY,
    MULTIPLY_ADD,
    AND,
    OR,
    XOR,
    FLOAT_ADD,
    FLOAT_SUBTRACT,
    FLOAT_MULTIPLY,
    FLOAT_MULTIPLY_ADD
  }

  private final Operation operation;
  private final int d;
  private final int a;
  private final int b;
  private final int c;

  private WholeWarp(
      Form form,
      Operation operation,
      Function function,
      Form.Target target,
      Input x,
      Input y,
      Input z) {
    super(form, function, target, x, y, z);
    this.operation = operation;
    d = target.row() * Warp.LANES;
    a = x.source().row() * Warp.LANES;
    b = y.source().row() * Warp.LANES;
    c = z.source().row() * Warp.LANES;
  }

  /** An operation on 32 bits with two or three operands; {@code function} is the same by lanes. */
  static Instruction of(Form form, Operation operation, Function function, Type type) {
    form.finish();
    Form.Target target = form.target(form.operand(0), false);
    Input x = input(form, 1, type);
    Input y = input(form, 2, type);
    Input z = form.count() > 3 ? input(form, 3, type) : y;
    if (target.bytes() != 4 || x.source().wide() || y.source().wide() || z.source().wide()) {
      throw form.unknown("registers of the wrong size");
    }
    return new WholeWarp(form, operation, function, target, x, y, z);
  }

  @Override
  void execute(Warp warp, int lanes) {
    if (lanes != -1) {
      super.execute(warp, lanes);
      return;
    }
    int[] r = warp.words;
    switch (operation) {
      case ADD -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = r[a + l] + r[b + l];
        }
      }
      case SUBTRACT -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = r[a + l] - r[b + l];
        }
      }
      case MULTIPLY -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = r[a + l] * r[b + l];
        }
      }
      case MULTIPLY_ADD -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = r[a + l] * r[b + l] + r[c + l];
        }
      }
      case AND -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = r[a + l] & r[b + l];
        }
      }
      case OR -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = r[a + l] | r[b + l];
        }
      }
      case XOR -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = r[a + l] ^ r[b + l];
        }
      }
      case FLOAT_ADD -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = bits(number(r[a + l]) + number(r[b + l]));
        }
      }
      case FLOAT_SUBTRACT -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = bits(number(r[a + l]) - number(r[b + l]));
        }
      }
      case FLOAT_MULTIPLY -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = bits(number(r[a + l]) * number(r[b + l]));
        }
      }
      case FLOAT_MULTIPLY_ADD -> {
        for (int l = 0; l < Warp.LANES; l++) {
          r[d + l] = bits(Math.fma(number(r[a + l]), number(r[b + l]), number(r[c + l])));
        }
      }
    }
  }

  private static float number(int bits) {
    return Float.intBitsToFloat(bits);
  }

  private static int bits(float x) {
    return Double.isNaN(x) ? Numbers.NAN : Float.floatToRawIntBits(x);
  }
}
