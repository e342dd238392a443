package dev.diptych.kernels.adamw;

/** The equations of AdamW in double, one parameter after the other. Oracle of {@link AdamWCpu}. */
public final class AdamWReference {
  private AdamWReference() {}

  /**
   * One step over the parameters {@code begin ≤ i < end}; changes p, m and v, nothing if the step's
   * {@code gradientScale} is NaN.
   */
  public static void update(
      AdamWStep step, double[] p, double[] g, double[] m, double[] v, int begin, int end) {
    if (Double.isNaN(step.gradientScale())) {
      return;
    }
    for (int i = begin; i < end; i++) {
      double gradient = g[i] * step.gradientScale();
      p[i] *= 1 - step.learningRate() * step.weightDecay();
      m[i] = step.beta1() * m[i] + (1 - step.beta1()) * gradient;
      v[i] = step.beta2() * v[i] + (1 - step.beta2()) * gradient * gradient;
      double mean = m[i] / (1 - Math.pow(step.beta1(), (double) step.step()));
      double meanSquare = v[i] / (1 - Math.pow(step.beta2(), (double) step.step()));
      p[i] -= step.learningRate() * mean / (Math.sqrt(meanSquare) + step.epsilon());
    }
  }

  /**
   * What gradients are multiplied by: min(1, mostNorm/norm), 1 if mostNorm is 0; NaN if the norm or
   * the loss is not finite.
   */
  public static double gradientScale(double norm, double loss, double mostNorm) {
    if (!Double.isFinite(norm) || !Double.isFinite(loss)) {
      return Double.NaN;
    }
    return mostNorm == 0 ? 1 : Math.min(1, mostNorm / norm);
  }

  /** Σ x². */
  public static double sumOfSquares(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += value * value;
    }
    return sum;
  }
}
