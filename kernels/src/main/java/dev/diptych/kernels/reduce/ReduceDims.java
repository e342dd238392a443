package dev.diptych.kernels.reduce;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a reduction.
 *
 * @param n rows
 * @param c elements in a row
 */
public record ReduceDims(int n, int c) {
  /** The number of elements, N·C. */
  public int size() {
    return n * c;
  }

  /** The least that a reduction must do: read x. */
  public Cost forwardCost() {
    return new Cost(4L * n * c, 1L * n * c);
  }

  /** The least that a backward pass must do: write dx. */
  public Cost backwardCost() {
    return new Cost(4L * n * c, 1L * n * c);
  }
}
