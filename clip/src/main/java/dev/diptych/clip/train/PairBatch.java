package dev.diptych.clip.train;

import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Tensor;

/**
 * The pictures and texts of one step.
 *
 * @param images (B, 3, S, S), normalised
 * @param tokens (B, T)
 * @param targets (B): pairs with equal numbers are no negatives of each other
 */
public record PairBatch(Tensor images, IntTensor tokens, int[] targets) {
  /** B. */
  public int size() {
    return targets.length;
  }
}
