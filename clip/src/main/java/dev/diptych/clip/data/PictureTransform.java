package dev.diptych.clip.data;

import java.io.IOException;
import java.util.random.RandomGenerator;

/**
 * From an encoded picture to what the model sees. Called by several threads at once; the result
 * must be a function of the bytes and of the random numbers alone.
 */
@FunctionalInterface
public interface PictureTransform {
  /**
   * Decodes, crops and normalises a picture.
   *
   * @param encoded the bytes of a PNG, JPEG, … which must not be changed
   * @param name what to call the picture in messages
   * @param random for augmentation; ignored where pictures are only to be looked at
   * @param pixels receives (3, S, S) floats from {@code offset} on, and nothing else is touched
   * @throws IOException when the bytes are no picture; a {@link RuntimeException} counts as the
   *     same
   */
  void write(byte[] encoded, String name, RandomGenerator random, float[] pixels, int offset)
      throws IOException;
}
