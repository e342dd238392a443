package dev.diptych.clip.train;

import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.UserException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Everything a run was started with, as {@code config.json} keeps it, so that resuming needs
 * nothing but the folder.
 *
 * @param model the architecture
 * @param train what determines the course of training
 * @param rhythm how often what happens
 * @param data where pairs come from and how pictures are cropped
 */
public record RunSettings(
    ClipConfig model, TrainOptions train, TrainingRun.Rhythm rhythm, Data data) {
  /** Refuses a file that lacks a part. */
  public RunSettings {
    Objects.requireNonNull(model, "model is missing");
    Objects.requireNonNull(train, "train is missing");
    Objects.requireNonNull(rhythm, "rhythm is missing");
    Objects.requireNonNull(data, "data is missing");
  }

  /**
   * The data of a run.
   *
   * @param training pairs to learn from, as {@code DataSource.open} understands it
   * @param validation pairs to measure on, or null
   * @param validationClasses file with the names of the classes that validation pictures are
   *     labelled with, one a line, or null
   * @param separator of tables, or null to find out
   * @param imageKey column of the picture's path, or null to find out
   * @param captionKey column of the caption, or null to find out
   * @param maxBad bad records to put up with
   * @param maxBadFraction or this share of all records, if that is more
   * @param cropLeast least share of a picture's area that a random crop takes
   * @param cropMost greatest share
   * @param flip probability of mirroring
   */
  public record Data(
      String training,
      @Nullable String validation,
      @Nullable String validationClasses,
      @Nullable String separator,
      @Nullable String imageKey,
      @Nullable String captionKey,
      long maxBad,
      double maxBadFraction,
      double cropLeast,
      double cropMost,
      double flip) {
    /** Refuses numbers that make no sense; throws {@link UserException}. */
    public Data {
      if (maxBad < 0 || !(maxBadFraction >= 0 && maxBadFraction <= 1)) {
        throw new UserException(
            ("bad records to put up with: expected a number >= 0 and a share from 0 to 1, got %d"
                    + " and %s")
                .formatted(maxBad, maxBadFraction));
      }
      if (!(0 < cropLeast && cropLeast <= cropMost && cropMost <= 1)) {
        throw new UserException(
            "a random crop takes a share of the picture's area above 0 and up to 1, got %s to %s"
                .formatted(cropLeast, cropMost));
      }
      if (!(flip >= 0 && flip <= 1)) {
        throw new UserException("the probability of mirroring goes from 0 to 1, got " + flip);
      }
    }
  }
}
