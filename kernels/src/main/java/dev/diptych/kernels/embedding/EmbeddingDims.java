package dev.diptych.kernels.embedding;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of an embedding.
 *
 * @param b texts
 * @param t tokens in a text
 * @param v rows of the table: the vocabulary
 * @param c elements in a row
 */
public record EmbeddingDims(int b, int t, int v, int c) {
  /** The number of tokens, B·T. */
  public int tokens() {
    return b * t;
  }

  /** The least a forward pass must do: read ids, a table row each, positions; write y. */
  public Cost forwardCost() {
    return new Cost(4L * (2L * b * t * c + 1L * t * c + 1L * b * t), 1L * b * t * c);
  }

  /** The least a backward pass must do: read ids and dy, read and write a table row each. */
  public Cost backwardCost() {
    return new Cost(4L * (3L * b * t * c + 2L * t * c + 1L * b * t), 2L * b * t * c);
  }
}
