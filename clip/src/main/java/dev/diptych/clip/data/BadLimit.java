package dev.diptych.clip.data;

/**
 * How many bad records to put up with: {@code maxBad} of them, or the share {@code maxBadFraction}
 * of all records, whichever is more. (0, 0) tolerates none.
 */
public record BadLimit(long maxBad, double maxBadFraction) {
  /** Ten records or one percent. */
  public static final BadLimit DEFAULT = new BadLimit(10, 0.01);

  /** Not one. */
  public static final BadLimit NONE = new BadLimit(0, 0);

  /** A limit; both numbers must be at least 0, the fraction at most 1. */
  public BadLimit {
    if (maxBad < 0 || !(maxBadFraction >= 0 && maxBadFraction <= 1)) {
      throw new IllegalArgumentException(
          "bad limit: expected maxBad >= 0 and 0 <= maxBadFraction <= 1, found "
              + maxBad
              + " and "
              + maxBadFraction);
    }
  }

  /** How many bad ones are allowed among {@code records}. */
  public long allowed(long records) {
    return Math.max(maxBad, (long) Math.floor(maxBadFraction * records));
  }
}
