package dev.diptych.kernels.matmul;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.memory.Floats;
import org.jspecify.annotations.Nullable;

/**
 * What happens to each element s of the product op(A)·op(B) before it is left in C. It runs on a
 * tile of C as soon as its sums are complete and while it is in cache, so it costs no trip to
 * memory. Runs "like C" have the row stride and batch stride of C.
 */
public sealed interface Epilogue {
  /** C ← s. */
  Epilogue NONE = new None();

  /** C ← C + s. */
  Epilogue ACCUMULATE = new Accumulate();

  /** C ← s. */
  record None() implements Epilogue {}

  /** C ← C + s: how parameters collect gradients. */
  record Accumulate() implements Epilogue {}

  /**
   * C ← s + bias.
   *
   * @param bias (N)
   */
  record Bias(Floats bias) implements Epilogue {}

  /**
   * C ← activation(s + bias).
   *
   * @param bias (N)
   * @param activation applied to every element
   * @param preActivation like C: receives s + bias, which the backward needs; null if nobody does
   */
  record BiasActivation(Floats bias, Activation activation, @Nullable Floats preActivation)
      implements Epilogue {}

  /**
   * C ← s + bias + residual.
   *
   * @param bias (N)
   * @param residual like C, and not C itself, where partial sums are kept
   */
  record BiasResidual(Floats bias, Floats residual) implements Epilogue {}
}
