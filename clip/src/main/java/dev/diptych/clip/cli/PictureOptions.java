package dev.diptych.clip.cli;

import dev.diptych.clip.data.BadLimit;
import picocli.CommandLine.Option;

/** The options of commands that embed many pictures, to be mixed into them. */
final class PictureOptions {
  @Option(
      names = "--batch-size",
      description = "pictures in one pass. Default: ${DEFAULT-VALUE}",
      defaultValue = "64")
  private int batchSize;

  @Option(
      names = "--max-bad",
      description = "unreadable pictures to put up with. Default: ${DEFAULT-VALUE}",
      defaultValue = "1000")
  private long maxBad;

  @Option(
      names = "--max-bad-fraction",
      description = "or this share of them, if that is more. Default: ${DEFAULT-VALUE}",
      defaultValue = "0.1")
  private double maxBadFraction;

  int batchSize() {
    return batchSize;
  }

  BadLimit limit() {
    return Limits.of(maxBad, maxBadFraction);
  }
}
