package dev.diptych.autograd.optim;

/**
 * A learning rate that rises evenly over the first steps and then falls along half a cosine to zero
 * (CLIP paper §2.5; Loshchilov and Hutter 2017).
 *
 * @param peak the highest learning rate
 * @param warmup steps of the rise
 * @param total steps of the whole run
 */
public record WarmupCosine(double peak, long warmup, long total) {
  /**
   * Checks the lengths.
   *
   * @throws IllegalArgumentException if the warm-up is not shorter than the run: the rate would
   *     never reach its peak
   */
  public WarmupCosine {
    if (total < 1 || warmup < 0 || warmup >= total) {
      throw new IllegalArgumentException(
          "the warm-up must be shorter than the run: %d steps of %d".formatted(warmup, total));
    }
  }

  /** The learning rate of a step, counted from 0. */
  public double at(long step) {
    if (step < warmup) {
      return peak * (step + 1) / warmup;
    }
    double progress = Math.min(1, (double) (step - warmup) / (total - warmup));
    return 0.5 * peak * (1 + Math.cos(Math.PI * progress));
  }
}
