package dev.diptych.kernels.relu;

/** The rectifier in double. Oracle of {@link ReluCpu}. */
public final class ReluReference {
  private ReluReference() {}

  /** y = max(x, 0); NaN stays NaN. */
  public static void forward(ReluDims d, double[] x, double[] y) {
    for (int i = 0; i < d.n(); i++) {
      y[i] = Math.max(x[i], 0);
    }
  }

  /** dx = dy where y &gt; 0 (or is NaN), else 0. */
  public static void backward(ReluDims d, double[] y, double[] dy, double[] dx) {
    for (int i = 0; i < d.n(); i++) {
      dx[i] = y[i] <= 0 ? 0 : dy[i];
    }
  }
}
