package dev.diptych.clip.data;

import java.io.IOException;
import java.util.random.RandomGenerator;

/**
 * A transform whose first half, without random numbers, may be kept in memory from epoch to epoch:
 * decoding, and shrinking to little more than the model needs.
 *
 * @param <P> a decoded picture, never changed once made
 */
public interface TwoStageTransform<P> extends PictureTransform {
  /**
   * Decodes a picture.
   *
   * @throws IOException when the bytes are no picture; a {@link RuntimeException} counts as the
   *     same
   */
  P decode(byte[] encoded, String name) throws IOException;

  /** How much memory a decoded picture takes. */
  long sizeInBytes(P decoded);

  /** Crops and normalises into (3, S, S) floats from {@code offset} on. */
  void write(P decoded, RandomGenerator random, float[] pixels, int offset);

  @Override
  default void write(
      byte[] encoded, String name, RandomGenerator random, float[] pixels, int offset)
      throws IOException {
    write(decode(encoded, name), random, pixels, offset);
  }
}
