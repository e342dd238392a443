package dev.diptych.kernels.elementwise;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of an element-wise operation on a (N, C) and b (C).
 *
 * @param n how often b is used: 1 when a and b have the same shape
 * @param c elements of b: 1 when it is a single number
 */
public record ElementwiseDims(int n, int c) {
  /** Two operands of the same number of elements. */
  public static ElementwiseDims same(int size) {
    return new ElementwiseDims(1, size);
  }

  /** The number of elements of a and of the result, N·C. */
  public int size() {
    return n * c;
  }

  /** The least that a forward pass must do: read a and b, write y. */
  public Cost forwardCost() {
    return new Cost(4L * (2L * n * c + c), 1L * n * c);
  }

  /** The least that the backward pass of a product must do: read a, b, dy; write da, db. */
  public Cost backwardCost() {
    return new Cost(4L * (3L * n * c + 2L * c), 3L * n * c);
  }
}
