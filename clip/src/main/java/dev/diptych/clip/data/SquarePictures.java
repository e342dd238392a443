package dev.diptych.clip.data;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.Preprocess;
import java.util.random.RandomGenerator;

/**
 * Pictures as a trained model is to see them: scaled, cut to the square in the centre, normalised;
 * nothing at random. Kept as squares of bytes, which is all of them that is ever needed.
 *
 * @param preprocess the square's size, mean and standard deviation
 */
public record SquarePictures(Preprocess preprocess) implements TwoStageTransform<Picture> {
  @Override
  public Picture decode(byte[] encoded, String name) {
    return preprocess.toSquare(PictureDecoder.decode(encoded, name));
  }

  @Override
  public long sizeInBytes(Picture decoded) {
    return decoded.rgb().length;
  }

  @Override
  public void write(Picture decoded, RandomGenerator random, float[] pixels, int offset) {
    preprocess.normalise(decoded, pixels, offset);
  }
}
