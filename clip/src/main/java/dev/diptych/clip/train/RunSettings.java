package dev.diptych.clip.train;

import dev.diptych.clip.ClipConfig;
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
  /**
   * The data of a run.
   *
   * @param training pairs to learn from, as {@code DataSource.open} understands it
   * @param validation pairs to measure on, or null
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
      @Nullable String separator,
      @Nullable String imageKey,
      @Nullable String captionKey,
      long maxBad,
      double maxBadFraction,
      double cropLeast,
      double cropMost,
      double flip) {}
}
