package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;

/** The limits that commands share. */
final class Limits {
  private Limits() {}

  /** {@code --max-bad} and {@code --max-bad-fraction}. */
  static BadLimit of(long maxBad, double maxBadFraction) {
    if (maxBad < 0 || !(maxBadFraction >= 0 && maxBadFraction <= 1)) {
      throw new UserException(
          "--max-bad must be at least 0 and --max-bad-fraction from 0 to 1, got %d and %s"
              .formatted(maxBad, maxBadFraction));
    }
    return new BadLimit(maxBad, maxBadFraction);
  }
}
