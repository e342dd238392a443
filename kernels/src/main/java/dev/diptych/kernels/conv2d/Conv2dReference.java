package dev.diptych.kernels.conv2d;

/** The equations of a convolution in plain loops of double. Oracle of {@link Conv2dCpu}. */
public final class Conv2dReference {
  private Conv2dReference() {}

  /** What is done at every meeting of an element of x, one of W and one of y. */
  private interface Meeting {
    void at(int x, int w, int y);
  }

  /**
   * y_b,i,j,o = Σ_u,v,c W_o,c,u,v · x_b,(i·s+u−p),(j·s+v−p),c.
   *
   * @param x (B, H, W, C)
   * @param w (O, C, KH, KW)
   * @param y (B, OH, OW, O), written
   */
  public static void forward(Conv2dDims d, double[] x, double[] w, double[] y) {
    java.util.Arrays.fill(y, 0);
    forEach(d, (atX, atW, atY) -> y[atY] += w[atW] * x[atX]);
  }

  /** The gradients: dx is overwritten, dw is added to. */
  public static void backward(
      Conv2dDims d, double[] x, double[] w, double[] dy, double[] dx, double[] dw) {
    java.util.Arrays.fill(dx, 0);
    forEach(
        d,
        (atX, atW, atY) -> {
          dx[atX] += w[atW] * dy[atY];
          dw[atW] += x[atX] * dy[atY];
        });
  }

  private static void forEach(Conv2dDims d, Meeting meeting) {
    for (int pixel = 0; pixel < d.rows(); pixel++) {
      int b = pixel / (d.outHeight() * d.outWidth());
      int i = pixel / d.outWidth() % d.outHeight();
      int j = pixel % d.outWidth();
      for (int u = 0; u < d.kernelHeight(); u++) {
        for (int v = 0; v < d.kernelWidth(); v++) {
          int row = i * d.stride() + u - d.padding();
          int column = j * d.stride() + v - d.padding();
          if (row < 0 || row >= d.height() || column < 0 || column >= d.width()) {
            continue;
          }
          int from = ((b * d.height() + row) * d.width() + column) * d.c();
          for (int o = 0; o < d.o(); o++) {
            for (int c = 0; c < d.c(); c++) {
              int weight = ((o * d.c() + c) * d.kernelHeight() + u) * d.kernelWidth() + v;
              meeting.at(from + c, weight, pixel * d.o() + o);
            }
          }
        }
      }
    }
  }
}
