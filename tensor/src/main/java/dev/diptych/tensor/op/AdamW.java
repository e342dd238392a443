package dev.diptych.tensor.op;

import dev.diptych.kernels.adamw.AdamWCpu;
import dev.diptych.kernels.adamw.AdamWCuda;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/**
 * The AdamW optimiser over a flat block of parameters (Loshchilov, Hutter 2019). It changes values
 * in place and so is not differentiable: it has no backward pass.
 *
 * <p>The numbers of a step (its size, the corrections of bias, by what gradients are scaled) are a
 * tensor beside the parameters: a step that was captured on a GPU reads them anew each time.
 */
public final class AdamW {
  private AdamW() {}

  /**
   * The numbers of a step.
   *
   * @return (8), in host memory
   * @throws IllegalArgumentException if {@code step} is not one that can be taken
   */
  public static Tensor numbers(AdamWStep step) {
    if (step.step() < 1) {
      throw new IllegalArgumentException("adamw: steps count from 1, got step " + step.step());
    }
    requireFraction("beta1", step.beta1());
    requireFraction("beta2", step.beta2());
    return Tensor.of(step.packed(), Shape.of(AdamWStep.NUMBERS));
  }

  /**
   * One step over the parameters {@code begin ≤ i < end}: of all blocks only that range is read and
   * changed. Nothing is if the scale of gradients among the numbers is NaN.
   *
   * @param numbers (8), of {@link #numbers}, on the device of the parameters
   * @param values (n) parameters, changed
   * @param gradients (n)
   * @param means (n), the running mean of gradients, changed; zeros before step 1
   * @param squares (n), the running mean of squared gradients, changed; zeros before step 1
   * @throws ShapeException if the blocks are not equally long or the range is not inside them
   */
  public static void update(
      Tensor numbers,
      Tensor values,
      Tensor gradients,
      Tensor means,
      Tensor squares,
      int begin,
      int end) {
    ShapeException.require(
        "adamw", "numbers", "(8)", Shape.of(AdamWStep.NUMBERS), "as AdamW.numbers makes", numbers);
    requireLength("gradients", values, gradients);
    requireLength("means", values, means);
    requireLength("squares", values, squares);
    if (begin < 0 || begin > end || end > values.size()) {
      throw new ShapeException(
          "adamw: the range %d..%d does not lie in the %d parameters"
              .formatted(begin, end, values.size()));
    }
    switch (values.storage()) {
      case HostStorage host ->
          AdamWCpu.update(
              numbers.floats(),
              values.floats(),
              gradients.floats(),
              means.floats(),
              squares.floats(),
              begin,
              end);
      case CudaStorage cuda ->
          AdamWCuda.update(
              cuda.gpu(),
              numbers.memory(),
              values.memory(Precision.F32),
              gradients.memory(Precision.F32),
              means.memory(Precision.F32),
              squares.memory(Precision.F32),
              begin,
              end,
              cuda.bf16Copy());
    }
  }

  /**
   * Sets how the next update scales the gradients, so that their norm does not exceed {@code
   * mostNorm}; or that it does nothing, if their norm or the loss is not finite.
   *
   * @param gradients (n), of all parameters
   * @param loss a single number
   * @param mostNorm 0 for no limit
   * @param numbers (U, 8), a row for each of the U updates of the step; their scales are set
   * @return ‖gradients‖, a scalar
   */
  public static Tensor clip(
      TensorScope scope, Tensor gradients, Tensor loss, double mostNorm, Tensor numbers) {
    Tensor norm = scope.allocateF32(Shape.scalar());
    switch (gradients.storage()) {
      case HostStorage host -> {
        double found = Math.sqrt(AdamWCpu.sumOfSquares(gradients.floats()));
        norm.fill((float) found);
        boolean isFinite = Double.isFinite(found) && Float.isFinite(loss.item());
        double scale = mostNorm > 0 && found > mostNorm ? mostNorm / found : 1;
        Tensor scales = numbers.narrow(1, AdamWStep.SCALE, 1);
        for (int update = 0; update < numbers.dim(0); update++) {
          scales.narrow(0, update, 1).fill(isFinite ? (float) scale : Float.NaN);
        }
      }
      case CudaStorage cuda -> {
        try (GpuScope scratch = cuda.gpu().scope()) {
          DeviceMemory sum = scratch.allocate(Double.BYTES);
          ReduceCuda.sumOfSquares(cuda.gpu(), gradients.memory(Precision.F32), sum);
          AdamWCuda.clip(
              cuda.gpu(),
              sum,
              loss.memory(Precision.F32),
              (float) mostNorm,
              numbers.memory(Precision.F32),
              norm.memory());
        }
      }
    }
    return norm;
  }

  private static void requireLength(String operand, Tensor values, Tensor found) {
    if (found.size() != values.size()) {
      throw new ShapeException(
          "adamw: %s must be as long as values, %d, got %d"
              .formatted(operand, values.size(), found.size()));
    }
  }

  private static void requireFraction(String operand, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          "adamw: %s must lie in [0, 1), got %s".formatted(operand, value));
    }
  }
}
