package dev.diptych.kernels.gelu;

import dev.diptych.kernels.memory.Cost;

/**
 * The size of an activation.
 *
 * @param n elements
 * @param activation which of the two GELUs
 */
public record GeluDims(int n, Activation activation) {
  /** The least a forward pass must do: read x, write y. */
  public Cost forwardCost() {
    return new Cost(8L * n, flops());
  }

  /** The least a backward pass must do: read x and dy, write dx. */
  public Cost backwardCost() {
    return new Cost(12L * n, flops() + 5L * n);
  }

  /** An exp takes about 20 operations, the two polynomials of Φ 26 more. */
  private long flops() {
    return switch (activation) {
      case QUICK_GELU -> 23L * n;
      case GELU -> 50L * n;
    };
  }
}
