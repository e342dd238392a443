package dev.diptych.kernels.channelslast;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a permutation to channels last.
 *
 * @param b pictures
 * @param c channels
 * @param s pixels of a picture
 */
public record ChannelsLastDims(int b, int c, int s) {
  /** Elements. */
  public int size() {
    return b * c * s;
  }

  /** The least that either direction must do: read all, write all. */
  public Cost cost() {
    return new Cost(8L * size(), 0);
  }
}
