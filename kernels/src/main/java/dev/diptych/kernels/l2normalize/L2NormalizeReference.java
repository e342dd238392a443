package dev.diptych.kernels.l2normalize;

/** The equations of L2 normalisation in double, row by row. Oracle of {@link L2NormalizeCpu}. */
public final class L2NormalizeReference {
  private L2NormalizeReference() {}

  /**
   * y = x/‖x‖, and 0 where x is 0.
   *
   * @param x (N, C)
   * @param y (N, C), written
   * @param inverseNorm (N), written: 1/‖x‖, and 0 for a row of zeros
   */
  public static void forward(L2NormalizeDims d, double[] x, double[] y, double[] inverseNorm) {
    for (int n = 0; n < d.n(); n++) {
      int row = n * d.c();
      double squares = 0;
      for (int c = 0; c < d.c(); c++) {
        squares += x[row + c] * x[row + c];
      }
      inverseNorm[n] = squares == 0 ? 0 : 1 / Math.sqrt(squares);
      for (int c = 0; c < d.c(); c++) {
        y[row + c] = x[row + c] * inverseNorm[n];
      }
    }
  }

  /** dx = (dy − y·(y·dy))/‖x‖; dx is overwritten. */
  public static void backward(
      L2NormalizeDims d, double[] y, double[] inverseNorm, double[] dy, double[] dx) {
    for (int n = 0; n < d.n(); n++) {
      int row = n * d.c();
      double along = 0;
      for (int c = 0; c < d.c(); c++) {
        along += y[row + c] * dy[row + c];
      }
      for (int c = 0; c < d.c(); c++) {
        dx[row + c] = (dy[row + c] - y[row + c] * along) * inverseNorm[n];
      }
    }
  }
}
