package dev.diptych.kernels.batchnorm;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a batch normalisation.
 *
 * @param n rows: the pixels of all pictures
 * @param c channels, each normalised by itself
 * @param epsilon ε, added to the variance under the root (1e-5 in CLIP)
 */
public record BatchNormDims(int n, int c, float epsilon) {
  /** The least a forward pass in training must do: read x twice, write y. */
  public Cost trainingCost() {
    return new Cost(4L * (3L * n * c + 8L * c), 8L * n * c);
  }

  /** The least a forward pass with running statistics must do: read x, write y. */
  public Cost forwardCost() {
    return new Cost(4L * (2L * n * c + 4L * c), 3L * n * c);
  }

  /** The least a backward pass in training must do: read x and dy twice, write dx. */
  public Cost backwardCost() {
    return new Cost(4L * (5L * n * c + 6L * c), 9L * n * c);
  }
}
