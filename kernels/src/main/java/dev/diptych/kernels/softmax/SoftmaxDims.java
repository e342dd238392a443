package dev.diptych.kernels.softmax;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a softmax or log-softmax.
 *
 * @param n rows, each a distribution by itself
 * @param c elements in a row
 */
public record SoftmaxDims(int n, int c) {
  /** The least a forward pass must do: read x; write y. An exponential counts as 16 operations. */
  public Cost forwardCost() {
    return new Cost(8L * n * c, 20L * n * c);
  }

  /** The least a backward pass must do: read y, dy; write dx. */
  public Cost backwardCost() {
    return new Cost(12L * n * c, 4L * n * c);
  }
}
