package dev.diptych.kernels.layernorm;

/** The equations of layer normalisation in double, row by row. Oracle of {@link LayerNormCpu}. */
public final class LayerNormReference {
  private LayerNormReference() {}

  /**
   * y = (x − μ)·rstd·w + b.
   *
   * @param x (N, C)
   * @param w (C)
   * @param b (C)
   * @param y (N, C), written
   * @param mean (N), written
   * @param rstd (N), written: 1/√(variance + ε)
   */
  public static void forward(
      LayerNormDims d,
      double[] x,
      double[] w,
      double[] b,
      double[] y,
      double[] mean,
      double[] rstd) {
    for (int n = 0; n < d.n(); n++) {
      int row = n * d.c();
      double sum = 0;
      for (int c = 0; c < d.c(); c++) {
        sum += x[row + c];
      }
      mean[n] = sum / d.c();
      double squares = 0;
      for (int c = 0; c < d.c(); c++) {
        double centred = x[row + c] - mean[n];
        squares += centred * centred;
      }
      rstd[n] = 1 / Math.sqrt(squares / d.c() + d.epsilon());
      for (int c = 0; c < d.c(); c++) {
        y[row + c] = (x[row + c] - mean[n]) * rstd[n] * w[c] + b[c];
      }
    }
  }

  /**
   * dx = rstd·(g − mean(g) − n·mean(g·n)) with g = dy·w and n = (x − μ)·rstd; dw and db are added
   * to, dx is overwritten.
   */
  public static void backward(
      LayerNormDims d,
      double[] x,
      double[] w,
      double[] mean,
      double[] rstd,
      double[] dy,
      double[] dx,
      double[] dw,
      double[] db) {
    for (int n = 0; n < d.n(); n++) {
      int row = n * d.c();
      double meanG = 0;
      double meanGn = 0;
      for (int c = 0; c < d.c(); c++) {
        double normalised = (x[row + c] - mean[n]) * rstd[n];
        double g = dy[row + c] * w[c];
        meanG += g / d.c();
        meanGn += g * normalised / d.c();
        dw[c] += dy[row + c] * normalised;
        db[c] += dy[row + c];
      }
      for (int c = 0; c < d.c(); c++) {
        double normalised = (x[row + c] - mean[n]) * rstd[n];
        dx[row + c] = rstd[n] * (dy[row + c] * w[c] - meanG - normalised * meanGn);
      }
    }
  }
}
