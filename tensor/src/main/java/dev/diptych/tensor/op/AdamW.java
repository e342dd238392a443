package dev.diptych.tensor.op;

import dev.diptych.kernels.adamw.AdamWCpu;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.ShapeException;

/**
 * The AdamW optimiser over a flat block of parameters (Loshchilov, Hutter 2019). It changes values
 * in place and so is not differentiable: it has no backward pass.
 */
public final class AdamW {
  private AdamW() {}

  /**
   * One step over the parameters {@code begin ≤ i < end}: of all blocks only that range is read and
   * changed.
   *
   * @param values (n) parameters, changed
   * @param gradients (n)
   * @param means (n), the running mean of gradients, changed; zeros before step 1
   * @param squares (n), the running mean of squared gradients, changed; zeros before step 1
   * @throws ShapeException if the blocks are not equally long or the range is not inside them
   * @throws IllegalArgumentException if {@code step} is not one that can be taken
   */
  public static void update(
      AdamWStep step,
      Floats values,
      Floats gradients,
      Floats means,
      Floats squares,
      int begin,
      int end) {
    requireLength("gradients", values, gradients);
    requireLength("means", values, means);
    requireLength("squares", values, squares);
    if (begin < 0 || begin > end || end > values.length()) {
      throw new ShapeException(
          "adamw: the range %d..%d does not lie in the %d parameters"
              .formatted(begin, end, values.length()));
    }
    if (step.step() < 1) {
      throw new IllegalArgumentException("adamw: steps count from 1, got step " + step.step());
    }
    requireFraction("beta1", step.beta1());
    requireFraction("beta2", step.beta2());
    AdamWCpu.update(step, values, gradients, means, squares, begin, end);
  }

  /** ‖x‖ of a flat block: what gradient clipping compares with its limit. */
  public static double norm(Floats x) {
    return Math.sqrt(AdamWCpu.sumOfSquares(x));
  }

  private static void requireLength(String operand, Floats values, Floats found) {
    if (found.length() != values.length()) {
      throw new ShapeException(
          "adamw: %s must be as long as values, %d, got %d"
              .formatted(operand, values.length(), found.length()));
    }
  }

  private static void requireFraction(String operand, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          "adamw: %s must lie in [0, 1), got %s".formatted(operand, value));
    }
  }
}
