package dev.diptych.kernels.softmax;

/** The equations of softmax and log-softmax in double. Oracle of {@link SoftmaxCpu}. */
public final class SoftmaxReference {
  private SoftmaxReference() {}

  /**
   * y = exp(x − max)/Σ exp(x − max) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written
   */
  public static void forward(SoftmaxDims d, double[] x, double[] y) {
    for (int n = 0; n < d.n(); n++) {
      double max = max(d, x, n);
      double sum = sumOfExponentials(d, x, n, max);
      for (int c = 0; c < d.c(); c++) {
        y[n * d.c() + c] = Math.exp(x[n * d.c() + c] - max) / sum;
      }
    }
  }

  /** dx = y·(dy − Σ dy·y) in each row, with the y of {@link #forward}. */
  public static void backward(SoftmaxDims d, double[] y, double[] dy, double[] dx) {
    for (int n = 0; n < d.n(); n++) {
      double dot = 0;
      for (int c = 0; c < d.c(); c++) {
        dot += dy[n * d.c() + c] * y[n * d.c() + c];
      }
      for (int c = 0; c < d.c(); c++) {
        dx[n * d.c() + c] = y[n * d.c() + c] * (dy[n * d.c() + c] - dot);
      }
    }
  }

  /**
   * y = x − max − log Σ exp(x − max) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written
   */
  public static void logForward(SoftmaxDims d, double[] x, double[] y) {
    for (int n = 0; n < d.n(); n++) {
      double max = max(d, x, n);
      double logSum = Math.log(sumOfExponentials(d, x, n, max));
      for (int c = 0; c < d.c(); c++) {
        y[n * d.c() + c] = x[n * d.c() + c] - max - logSum;
      }
    }
  }

  /** dx = dy − exp(y)·Σ dy in each row, with the y of {@link #logForward}. */
  public static void logBackward(SoftmaxDims d, double[] y, double[] dy, double[] dx) {
    for (int n = 0; n < d.n(); n++) {
      double sum = 0;
      for (int c = 0; c < d.c(); c++) {
        sum += dy[n * d.c() + c];
      }
      for (int c = 0; c < d.c(); c++) {
        dx[n * d.c() + c] = dy[n * d.c() + c] - Math.exp(y[n * d.c() + c]) * sum;
      }
    }
  }

  private static double max(SoftmaxDims d, double[] x, int n) {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < d.c(); c++) {
      max = Math.max(max, x[n * d.c() + c]);
    }
    return max;
  }

  private static double sumOfExponentials(SoftmaxDims d, double[] x, int n, double max) {
    double sum = 0;
    for (int c = 0; c < d.c(); c++) {
      sum += Math.exp(x[n * d.c() + c] - max);
    }
    return sum;
  }
}
