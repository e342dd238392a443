package dev.diptych.kernels.relu;

import dev.diptych.kernels.memory.Cost;

/**
 * The size of a rectifier.
 *
 * @param n elements
 */
public record ReluDims(int n) {
  /** The least a forward pass must do: read x, write y. */
  public Cost forwardCost() {
    return new Cost(8L * n, n);
  }

  /** The least a backward pass must do: read y and dy, write dx. */
  public Cost backwardCost() {
    return new Cost(12L * n, n);
  }
}
