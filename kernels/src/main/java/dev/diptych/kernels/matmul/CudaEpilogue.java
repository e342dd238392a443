package dev.diptych.kernels.matmul;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.gelu.Activation;
import org.jspecify.annotations.Nullable;

/**
 * What happens on a GPU to each element s of the product op(A)·op(B) before it is left in C, as
 * {@link Epilogue} says for the CPU. Runs "like C" have the strides and the precision of C; bias is
 * f32.
 */
public sealed interface CudaEpilogue {
  /** C ← s. */
  CudaEpilogue NONE = new None();

  /** C ← C + s. */
  CudaEpilogue ACCUMULATE = new Accumulate();

  /** C ← s. */
  record None() implements CudaEpilogue {}

  /** C ← C + s: how parameters collect gradients. */
  record Accumulate() implements CudaEpilogue {}

  /**
   * C ← s + bias.
   *
   * @param bias (N)
   */
  record Bias(DeviceMemory bias) implements CudaEpilogue {}

  /**
   * C ← activation(s + bias).
   *
   * @param bias (N)
   * @param activation applied to every element
   * @param preActivation like C: receives s + bias, which the backward needs; null if nobody does
   */
  record BiasActivation(
      DeviceMemory bias, Activation activation, @Nullable DeviceMemory preActivation)
      implements CudaEpilogue {}

  /**
   * C ← s + bias + residual.
   *
   * @param bias (N)
   * @param residual like C; may be C
   */
  record BiasResidual(DeviceMemory bias, DeviceMemory residual) implements CudaEpilogue {}

  /**
   * C ← s·activation′(preActivation): the gradient of what went into the activation, from the
   * product that gives that of its output.
   *
   * @param preActivation like C: what {@link BiasActivation} left there
   * @param activation of the forward
   */
  record ActivationGradient(DeviceMemory preActivation, Activation activation)
      implements CudaEpilogue {}
}
