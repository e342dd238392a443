package dev.diptych.clip.zeroshot;

import dev.diptych.clip.UserException;
import java.util.Arrays;

/**
 * A threshold that few pictures without any of the labels pass: a quantile of the scores of such
 * pictures, with the correction for their number that makes it exact (split conformal prediction,
 * Vovk et al. 2005; Angelopoulos and Bates 2021, §1).
 *
 * <p>Of n scores and a wanted rate α, the threshold is the ⌈(n+1)(1−α)⌉-th smallest. If the n
 * pictures and a further one are exchangeable, as draws from one source are, the further one scores
 * above it with a probability of at most α, whatever the distribution of the scores; and of almost
 * α if no two scores are equal. That is an average over draws of the n pictures: given those that
 * were drawn, the rate is Beta(m, n+1−m) with m = ⌊(n+1)α⌋, which {@link #upperRate} bounds.
 */
final class FalseAlarms {
  private static final double CONFIDENCE = 0.95;

  private FalseAlarms() {}

  /**
   * What a score must be above.
   *
   * @throws UserException if {@code rate} is not between 0 and 1, or too small for so few scores
   */
  static double threshold(double[] scores, double rate) {
    int passing = passing(scores.length, rate);
    double[] sorted = scores.clone();
    Arrays.sort(sorted);
    return sorted[scores.length - passing];
  }

  /** How many of n + 1 scores may be above the threshold, m. */
  private static int passing(int count, double rate) {
    if (!(rate > 0 && rate < 1)) {
      throw new UserException(
          "the share of false alarms must lie between 0 and 1, for example 0.05, got " + rate);
    }
    // 20 · 0.05 must be 1, whatever rounding makes of it.
    int passing = (int) Math.floor((count + 1) * rate + 1e-9);
    if (passing < 1) {
      throw new UserException(
          "%d pictures are too few to tell %s false alarms: it takes %d that show none of the labels"
              .formatted(count, rate, (long) Math.ceil(1 / rate - 1e-9) - 1));
    }
    return passing;
  }

  /**
   * What the share of false alarms is not above, with 95 % confidence, given these n pictures: the
   * 0.95 quantile of Beta(m, n+1−m).
   */
  static double upperRate(int count, double rate) {
    int passing = passing(count, rate);
    double low = 0;
    double high = 1;
    while (high - low > 1e-6) {
      double middle = (low + high) / 2;
      if (atLeast(passing, count, middle) < CONFIDENCE) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }

  /**
   * P(X ≥ {@code fewest}) for X binomial of {@code count} trials: also P(B ≤ {@code p}) for B of
   * Beta(fewest, count + 1 − fewest).
   */
  private static double atLeast(int fewest, int count, double p) {
    double logTerm = count * Math.log1p(-p); // of no success
    double below = 0;
    for (int k = 0; k < fewest; k++) {
      below += Math.exp(logTerm);
      logTerm += Math.log((double) (count - k) / (k + 1)) + Math.log(p) - Math.log1p(-p);
    }
    return 1 - below;
  }
}
