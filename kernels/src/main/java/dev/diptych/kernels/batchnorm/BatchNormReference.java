package dev.diptych.kernels.batchnorm;

/** The equations of batch normalisation in double. Oracle of {@link BatchNormCpu}. */
public final class BatchNormReference {
  private BatchNormReference() {}

  /**
   * The mean of each channel and its mean squared distance from it.
   *
   * @param x (N, C)
   * @param mean (C), written
   * @param variance (C), written: the biased one, divided by N
   */
  public static void statistics(BatchNormDims d, double[] x, double[] mean, double[] variance) {
    for (int c = 0; c < d.c(); c++) {
      double sum = 0;
      for (int n = 0; n < d.n(); n++) {
        sum += x[n * d.c() + c];
      }
      mean[c] = sum / d.n();
      double squares = 0;
      for (int n = 0; n < d.n(); n++) {
        double centred = x[n * d.c() + c] - mean[c];
        squares += centred * centred;
      }
      variance[c] = squares / d.n();
    }
  }

  /** running ← (1−m)·running + m·(mean, variance·N/(N−1)). */
  public static void updateRunning(
      BatchNormDims d,
      double[] mean,
      double[] variance,
      double momentum,
      double[] runningMean,
      double[] runningVariance) {
    double unbiased = d.n() / (d.n() - 1.0);
    for (int c = 0; c < d.c(); c++) {
      runningMean[c] += momentum * (mean[c] - runningMean[c]);
      runningVariance[c] += momentum * (variance[c] * unbiased - runningVariance[c]);
    }
  }

  /**
   * y = (x − μ)/√(σ² + ε)·w + b.
   *
   * @param mean (C), of the batch or running
   * @param variance (C), of the batch or running
   * @param y (N, C), written
   */
  public static void normalise(
      BatchNormDims d,
      double[] x,
      double[] w,
      double[] b,
      double[] mean,
      double[] variance,
      double[] y) {
    for (int i = 0; i < x.length; i++) {
      int c = i % d.c();
      y[i] = (x[i] - mean[c]) / Math.sqrt(variance[c] + d.epsilon()) * w[c] + b[c];
    }
  }

  /**
   * The gradients: dx is overwritten, dw and db are added to.
   *
   * @param training whether mean and variance are functions of x
   */
  public static void backward(
      BatchNormDims d,
      boolean training,
      double[] x,
      double[] w,
      double[] mean,
      double[] variance,
      double[] dy,
      double[] dx,
      double[] dw,
      double[] db) {
    for (int c = 0; c < d.c(); c++) {
      double rstd = 1 / Math.sqrt(variance[c] + d.epsilon());
      double sumDy = 0;
      double sumDyN = 0;
      for (int i = c; i < x.length; i += d.c()) {
        sumDy += dy[i];
        sumDyN += dy[i] * (x[i] - mean[c]) * rstd;
      }
      dw[c] += sumDyN;
      db[c] += sumDy;
      for (int i = c; i < x.length; i += d.c()) {
        double centred =
            training ? dy[i] - (sumDy + (x[i] - mean[c]) * rstd * sumDyN) / d.n() : dy[i];
        dx[i] = w[c] * rstd * centred;
      }
    }
  }
}
