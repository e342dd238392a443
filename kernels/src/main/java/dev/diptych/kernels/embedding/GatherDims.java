package dev.diptych.kernels.embedding;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of picking one row per batch item.
 *
 * @param b batch items
 * @param t rows of an item
 * @param c elements in a row
 */
public record GatherDims(int b, int t, int c) {
  /** The least a forward pass must do: read and write B rows. */
  public Cost forwardCost() {
    return new Cost(4L * (2L * b * c + b), 0);
  }

  /** The least a backward pass must do: read B rows, write all of dx. */
  public Cost backwardCost() {
    return new Cost(4L * (1L * b * c + 1L * b * t * c + b), 0);
  }
}
