package dev.diptych.kernels.meantoken;

/** The equations in double. Oracle of {@link MeanTokenCpu}. */
public final class MeanTokenReference {
  private MeanTokenReference() {}

  /** y_b,0 = pos_0 + mean_t x_b,t; y_b,1+t = pos_1+t + x_b,t. */
  public static void forward(MeanTokenDims d, double[] x, double[] positions, double[] y) {
    for (int b = 0; b < d.b(); b++) {
      for (int c = 0; c < d.c(); c++) {
        double sum = 0;
        for (int t = 0; t < d.t(); t++) {
          double value = x[(b * d.t() + t) * d.c() + c];
          sum += value;
          y[(b * (d.t() + 1) + 1 + t) * d.c() + c] = positions[(1 + t) * d.c() + c] + value;
        }
        y[b * (d.t() + 1) * d.c() + c] = positions[c] + sum / d.t();
      }
    }
  }

  /** dx is overwritten, the gradient of the positions is added to. */
  public static void backward(MeanTokenDims d, double[] dy, double[] dx, double[] dPositions) {
    for (int b = 0; b < d.b(); b++) {
      int mean = b * (d.t() + 1) * d.c();
      for (int i = 0; i < (d.t() + 1) * d.c(); i++) {
        dPositions[i] += dy[mean + i];
        if (i >= d.c()) {
          dx[b * d.t() * d.c() + i - d.c()] = dy[mean + i] + dy[mean + i % d.c()] / d.t();
        }
      }
    }
  }
}
