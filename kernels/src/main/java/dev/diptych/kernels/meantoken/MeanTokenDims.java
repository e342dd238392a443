package dev.diptych.kernels.meantoken;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of the tokens of attention pooling.
 *
 * @param b pictures
 * @param t tokens of a picture, without their mean
 * @param c channels
 */
public record MeanTokenDims(int b, int t, int c) {
  /** The least a forward pass must do: read x and positions, write y. */
  public Cost forwardCost() {
    return new Cost(4L * c * (b * (2L * t + 1) + t + 1), 2L * b * t * c);
  }

  /** The least a backward pass must do: read dy, write dx and the positions' gradient. */
  public Cost backwardCost() {
    return new Cost(4L * c * (b * (2L * t + 1) + t + 1), 2L * b * t * c);
  }
}
