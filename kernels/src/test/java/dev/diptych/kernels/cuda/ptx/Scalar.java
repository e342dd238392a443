package dev.diptych.kernels.cuda.ptx;

import org.jspecify.annotations.Nullable;

/**
 * d = f(a, b, c), each lane for itself: nearly all arithmetic. The function works on bits; integers
 * come sign- or zero-extended to 64, floats are taken out of the bits by the function.
 */
class Scalar extends Instruction {
  /** What a lane computes; operands that an instruction does not have are 0. */
  @FunctionalInterface
  interface Function {
    long apply(long a, long b, long c);
  }

  private final Function function;
  private final Form.Target target;
  private final Input a;
  private final @Nullable Input b;
  private final @Nullable Input c;

  /** A register to read, and how its bits become 64. */
  record Input(Form.Source source, int shift, boolean signed) {
    long bits(Warp warp, int lane) {
      long bits = source.bits(warp, lane) << shift;
      return signed ? bits >> shift : bits >>> shift;
    }
  }

  Scalar(
      Form form,
      Function function,
      Form.Target target,
      Input a,
      @Nullable Input b,
      @Nullable Input c) {
    super(form);
    this.function = function;
    this.target = target;
    this.a = a;
    this.b = b;
    this.c = c;
  }

  /**
   * An instruction whose first operand is the result and whose others, up to three, are read as
   * {@code types} say, the last of which holds for those that follow.
   */
  static Scalar of(Form form, Function function, Type... types) {
    form.finish();
    Form.Target target = form.target(form.operand(0), types[0].isWide());
    Input[] inputs = new Input[3];
    for (int i = 0; i < 3 && i + 1 < form.count(); i++) {
      Type type = types[Math.min(i, types.length - 1)];
      inputs[i] = input(form, i + 1, type);
    }
    return new Scalar(form, function, target, inputs[0], inputs[1], inputs[2]);
  }

  static Input input(Form form, int operand, Type type) {
    return new Input(form.source(operand, type), 64 - 8 * type.bytes, type.isSigned());
  }

  @Override
  void execute(Warp warp, int lanes) {
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      target.set(
          warp,
          lane,
          function.apply(
              a.bits(warp, lane),
              b == null ? 0 : b.bits(warp, lane),
              c == null ? 0 : c.bits(warp, lane)));
    }
  }
}
