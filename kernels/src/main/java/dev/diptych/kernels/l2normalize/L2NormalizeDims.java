package dev.diptych.kernels.l2normalize;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of an L2 normalisation.
 *
 * @param n rows, each normalised by itself
 * @param c elements in a row
 */
public record L2NormalizeDims(int n, int c) {
  /** The least a forward pass must do: read x; write y, 1/‖x‖. */
  public Cost forwardCost() {
    return new Cost(4L * (2L * n * c + n), 3L * n * c);
  }

  /** The least a backward pass must do: read y, dy, 1/‖x‖; write dx. */
  public Cost backwardCost() {
    return new Cost(4L * (3L * n * c + n), 5L * n * c);
  }
}
