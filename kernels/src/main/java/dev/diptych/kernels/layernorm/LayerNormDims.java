package dev.diptych.kernels.layernorm;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a layer normalisation.
 *
 * @param n rows, each normalised by itself
 * @param c elements in a row
 * @param epsilon ε, added to the variance under the root (1e-5 in CLIP)
 */
public record LayerNormDims(int n, int c, float epsilon) {
  /** The least a forward pass must do: read x, w, b; write y, μ, rstd. */
  public Cost forwardCost() {
    return new Cost(4L * (2L * n * c + 2L * c + 2L * n), 8L * n * c);
  }

  /** The least a backward pass must do: read x, dy, w, μ, rstd; write dx, dw, db. */
  public Cost backwardCost() {
    return new Cost(4L * (3L * n * c + 3L * c + 2L * n), 14L * n * c);
  }
}
