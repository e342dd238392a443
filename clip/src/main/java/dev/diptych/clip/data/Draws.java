package dev.diptych.clip.data;

import dev.diptych.tensor.random.Philox;

/**
 * The random choices of loading, each from a stream of its own. Written out rather than left to
 * {@code Collections.shuffle} and {@code nextInt(bound)}, whose algorithms may change with the JDK.
 */
public final class Draws {
  // Streams of an epoch beside those of its pictures, whose numbers are not negative.
  static final long ORDER = -1;
  static final long SHARDS = -2;
  static final long BUFFER = -3;
  private static final long CAPTION = 1;

  private Draws() {}

  /** The numbers for one use in one epoch. */
  static Philox ofEpoch(long seed, long epoch, long use) {
    return new Philox(seed, Philox.stream(epoch, use));
  }

  /** The numbers that augment a picture in an epoch. */
  static Philox ofPicture(long seed, long epoch, long pictureId) {
    return new Philox(seed, Philox.stream(epoch, pictureId));
  }

  /** Which of {@code count} captions a picture gets in an epoch. */
  static int caption(long seed, long epoch, long pictureId, int count) {
    return count == 1
        ? 0
        : below(new Philox(seed, Philox.stream(Philox.stream(epoch, pictureId), CAPTION)), count);
  }

  /** A number from 0 to {@code bound} − 1; the bias is below bound · 2⁻⁶⁴. */
  static int below(Philox random, int bound) {
    return (int) Math.unsignedMultiplyHigh(random.nextLong(), bound);
  }

  /** The numbers 0 … {@code size} − 1 in an order of {@code random}'s choice (Fisher and Yates). */
  public static int[] permutation(int size, Philox random) {
    int[] order = identity(size);
    for (int i = size - 1; i > 0; i--) {
      int j = below(random, i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }

  /** The numbers 0 … {@code size} − 1 in order. */
  static int[] identity(int size) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    return order;
  }
}
