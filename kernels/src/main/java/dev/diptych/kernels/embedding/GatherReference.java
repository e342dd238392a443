package dev.diptych.kernels.embedding;

/** Picking rows in plain loops of double. Oracle of {@link GatherCpu}. */
public final class GatherReference {
  private GatherReference() {}

  /**
   * y_b = x_b,index(b).
   *
   * @param x (B, T, C)
   * @param index (B), each in [0, T)
   * @param y (B, C), written
   */
  public static void forward(GatherDims d, double[] x, int[] index, double[] y) {
    for (int b = 0; b < d.b(); b++) {
      for (int c = 0; c < d.c(); c++) {
        y[b * d.c() + c] = x[(b * d.t() + index[b]) * d.c() + c];
      }
    }
  }

  /** dx_b,index(b) = dy_b, zero elsewhere; dx is written. */
  public static void backward(GatherDims d, int[] index, double[] dy, double[] dx) {
    for (int b = 0; b < d.b(); b++) {
      for (int t = 0; t < d.t(); t++) {
        for (int c = 0; c < d.c(); c++) {
          dx[(b * d.t() + t) * d.c() + c] = t == index[b] ? dy[b * d.c() + c] : 0;
        }
      }
    }
  }
}
