package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import picocli.CommandLine.Option;

/**
 * The options of commands that go through many records, to be mixed into them: how many at once,
 * and how many bad ones to put up with. What is sensible differs, so each command gives its own
 * defaults.
 */
final class BulkOptions {
  @Option(names = "--batch-size", description = "in one pass. Default: ${DEFAULT-VALUE}")
  private int batchSize;

  @Option(
      names = "--max-bad",
      description = "unreadable records to put up with. Default: ${DEFAULT-VALUE}")
  private long maxBad;

  @Option(
      names = "--max-bad-fraction",
      description = "or this share of them, if that is more. Default: ${DEFAULT-VALUE}")
  private double maxBadFraction;

  /** Options with defaults for pictures that are embedded. */
  BulkOptions() {
    this(64, 1000, 0.1);
  }

  /** Options with these defaults. */
  BulkOptions(int batchSize, long maxBad, double maxBadFraction) {
    this.batchSize = batchSize;
    this.maxBad = maxBad;
    this.maxBadFraction = maxBadFraction;
  }

  /** How many pictures, pairs or texts go through the model at once. */
  int batchSize() {
    return batchSize;
  }

  /**
   * How many bad records to put up with.
   *
   * @throws UserException if the numbers are out of range
   */
  BadLimit limit() {
    if (maxBad < 0 || !(maxBadFraction >= 0 && maxBadFraction <= 1)) {
      throw new UserException(
          ("bad records to put up with: expected --max-bad of at least 0 and --max-bad-fraction"
                  + " from 0 to 1, got %d and %s")
              .formatted(maxBad, maxBadFraction));
    }
    return new BadLimit(maxBad, maxBadFraction);
  }
}
