package dev.diptych.autograd;

import dev.diptych.kernels.elementwise.Operation;
import dev.diptych.tensor.op.Elementwise;
import dev.diptych.tensor.op.Reduce;

/** Differentiable arithmetic with broadcasting, and reductions. */
public final class Arithmetic {
  private Arithmetic() {}

  /** a + b, with NumPy's rules of broadcasting. */
  public static Var add(Tape tape, Var a, Var b) {
    return elementwise(tape, Operation.ADD, a, b);
  }

  /** a − b, with NumPy's rules of broadcasting. */
  public static Var subtract(Tape tape, Var a, Var b) {
    return elementwise(tape, Operation.SUBTRACT, a, b);
  }

  /** a·b, element by element, with NumPy's rules of broadcasting. */
  public static Var multiply(Tape tape, Var a, Var b) {
    return elementwise(tape, Operation.MULTIPLY, a, b);
  }

  private static Var elementwise(Tape tape, Operation operation, Var a, Var b) {
    return tape.record(
        Elementwise.forward(tape.scope(), operation, a.value(), b.value()),
        new Var[] {a, b},
        dy -> {
          if (b.needsGradient()) {
            Elementwise.backwardB(
                tape.scope(), operation, a.value(), dy, b.gradientToAddTo(tape.scope()));
          }
          if (operation != Operation.MULTIPLY && a.value().shape().equals(dy.shape())) {
            a.addGradient(dy); // the last use of dy: it is handed on, not copied
          } else if (a.needsGradient()) {
            Elementwise.backwardA(
                tape.scope(), operation, b.value(), dy, a.gradientToAddTo(tape.scope()));
          }
        });
  }

  /**
   * factor·x.
   *
   * @param x of any shape
   */
  public static Var scale(Tape tape, Var x, float factor) {
    return tape.record(
        Elementwise.scale(tape.scope(), x.value(), factor),
        new Var[] {x},
        dy -> x.addGradient(Elementwise.scale(tape.scope(), dy, factor)));
  }

  /** The sum of all elements of x, of shape (). */
  public static Var sum(Tape tape, Var x) {
    return sum(tape, x, 1);
  }

  /** The mean of all elements of x, of shape (); NaN if there are none. */
  public static Var mean(Tape tape, Var x) {
    return sum(tape, x, 1f / x.value().size());
  }

  private static Var sum(Tape tape, Var x, float factor) {
    return tape.record(
        Reduce.sum(tape.scope(), x.value(), factor),
        new Var[] {x},
        dy -> x.addGradient(Reduce.sumBackward(tape.scope(), x.value().shape(), factor, dy)));
  }

  /**
   * The sum over all axes but the innermost, of shape (C).
   *
   * @param x (…, C)
   */
  public static Var sumRows(Tape tape, Var x) {
    return tape.record(
        Reduce.sumRows(tape.scope(), x.value(), 1),
        new Var[] {x},
        dy -> x.addGradient(Reduce.sumRowsBackward(tape.scope(), x.value().shape(), 1, dy)));
  }

  /**
   * The sum over the innermost axis, of x's shape without it.
   *
   * @param x (…, C)
   */
  public static Var sumColumns(Tape tape, Var x) {
    return tape.record(
        Reduce.sumColumns(tape.scope(), x.value(), 1),
        new Var[] {x},
        dy -> x.addGradient(Reduce.sumColumnsBackward(tape.scope(), x.value().shape(), 1, dy)));
  }

  /**
   * The largest element along the innermost axis; its gradient goes to the first of equal ones.
   *
   * @param x (…, C), C ≥ 1
   */
  public static Var max(Tape tape, Var x) {
    Reduce.Max max = Reduce.max(tape.scope(), x.value());
    return tape.record(
        max.value(),
        new Var[] {x},
        dy -> x.addGradient(Reduce.maxBackward(tape.scope(), x.value().shape(), max.index(), dy)));
  }
}
