package dev.diptych.autograd;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import java.util.function.Function;

/**
 * Holds the gradients of a function of one's own to central differences. Public, because whoever
 * writes a new function needs it:
 *
 * <pre>{@code
 * GradientCheck.check(List.of(x, w), tape -> Arithmetic.mean(tape, myFunction(tape, x, w)));
 * }</pre>
 *
 * <p>Values are f32, so differences carry rounding noise of about 1e-7/step; the step of 1e-2 and
 * the tolerance of 2e-2 of the largest gradient tell a wrong gradient from a noisy one, not a rough
 * one from an exact one. The kernels' own tests compare in double to 1e-7.
 */
public final class GradientCheck {
  private static final float STEP = 1e-2f;
  private static final double TOLERANCE = 2e-2;

  private GradientCheck() {}

  /** A function of some variables whose result is a single number. */
  @FunctionalInterface
  public interface Scalar {
    /** Computes the number on {@code tape}. */
    Var compute(Tape tape);
  }

  /**
   * Checks dL/dx for every element of every variable in {@code variables}.
   *
   * @throws AssertionError naming the first element whose gradient is wrong
   */
  public static void check(List<Var> variables, Scalar function) {
    check(variables, function, STEP, TOLERANCE);
  }

  /**
   * The same on {@linkplain Tape#training tapes in training}, for functions that compute something
   * else there.
   *
   * @throws AssertionError naming the first element whose gradient is wrong
   */
  public static void checkTraining(List<Var> variables, Scalar function) {
    check(variables, function, STEP, TOLERANCE, Tape::training, Tape::training);
  }

  /**
   * Checks dL/dx with a step and a tolerance of one's own.
   *
   * @param step how far each element is moved, both ways
   * @param tolerance the largest error allowed, as a share of the largest gradient
   * @throws AssertionError naming the first element whose gradient is wrong
   */
  public static void check(List<Var> variables, Scalar function, float step, double tolerance) {
    check(variables, function, step, tolerance, Tape::recording, Tape::inference);
  }

  private static void check(
      List<Var> variables,
      Scalar function,
      float step,
      double tolerance,
      Function<TensorScope, Tape> withGradients,
      Function<TensorScope, Tape> without) {
    DoubleSupplier scalar = () -> compute(function, without);
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      for (Var variable : variables) {
        Tensor before = variable.gradient();
        if (before != null) {
          before.floats().fill(0);
        }
      }
      Tape tape = withGradients.apply(scope);
      tape.backward(function.compute(tape));
      for (int i = 0; i < variables.size(); i++) {
        Var variable = variables.get(i);
        Tensor gradient = variable.gradient();
        if (gradient == null) {
          throw new AssertionError("variable " + i + " got no gradient");
        }
        checkVariable(i, variable, gradient.toArray(), scalar, step, tolerance);
        variable.forgetGradient();
      }
    }
  }

  private static void checkVariable(
      int number,
      Var variable,
      float[] gradient,
      DoubleSupplier scalar,
      float step,
      double tolerance) {
    double largest = 1e-3;
    for (float g : gradient) {
      largest = Math.max(largest, Math.abs(g));
    }
    Floats x = variable.value().floats();
    for (int i = 0; i < gradient.length; i++) {
      int at = x.offset() + i;
      float value = x.array()[at];
      x.array()[at] = value + step;
      double up = scalar.getAsDouble();
      x.array()[at] = value - step;
      double down = scalar.getAsDouble();
      x.array()[at] = value;
      double difference = (up - down) / (2.0 * step);
      if (!(Math.abs(difference - gradient[i]) <= tolerance * largest)) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "variable %d of shape %s, element %d: the gradient is %g, central differences give"
                    + " %g (largest gradient %g)",
                number,
                variable.value().shape(),
                i,
                gradient[i],
                difference,
                largest));
      }
    }
  }

  private static double compute(Scalar function, Function<TensorScope, Tape> tape) {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      return function.compute(tape.apply(scope)).value().item();
    }
  }
}
