package dev.diptych.clip.data;

import dev.diptych.clip.image.Augment;
import dev.diptych.clip.image.Bicubic;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.Preprocess;
import java.util.random.RandomGenerator;

/**
 * Pictures for training: a random crop, scaled to the model's square and normalised.
 *
 * <p>Differs from cropping the picture itself: a large picture is first scaled down, once, so that
 * its smallest crop still has about twice as many pixels a side as the model sees. A photograph of
 * 500 × 375 for a model of 64 × 64 then takes 75 kB instead of 560, so that a small data set stays
 * in memory and later epochs decode nothing; the second scaling halves at least and hides what the
 * first one smoothed.
 *
 * @param augment which crops
 * @param preprocess mean and standard deviation; its size is the augmentation's
 */
public record CroppedPictures(Augment augment, Preprocess preprocess)
    implements TwoStageTransform<Picture> {

  /** Crops; the two sizes must agree. */
  public CroppedPictures {
    if (augment.size() != preprocess.size()) {
      throw new IllegalArgumentException(
          "CroppedPictures: expected one size, found crops of "
              + augment.size()
              + " and squares of "
              + preprocess.size());
    }
  }

  @Override
  public Picture decode(byte[] encoded, String name) {
    Picture picture = PictureDecoder.decode(encoded, name);
    double shortest = Math.min(picture.width(), picture.height());
    double factor = 2 * augment.size() / Math.sqrt(augment.minScale()) / shortest;
    return factor >= 1
        ? picture
        : Bicubic.resize(
            picture, scaled(picture.width(), factor), scaled(picture.height(), factor));
  }

  private static int scaled(int side, double factor) {
    return (int) Math.max(1, Math.rint(side * factor));
  }

  @Override
  public long sizeInBytes(Picture decoded) {
    return decoded.rgb().length;
  }

  @Override
  public void write(Picture decoded, RandomGenerator random, float[] pixels, int offset) {
    preprocess.normalise(augment.apply(decoded, random), pixels, offset);
  }
}
