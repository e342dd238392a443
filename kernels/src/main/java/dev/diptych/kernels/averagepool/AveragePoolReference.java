package dev.diptych.kernels.averagepool;

import java.util.Arrays;

/** Average pooling in double. Oracle of {@link AveragePoolCpu}. */
public final class AveragePoolReference {
  private AveragePoolReference() {}

  /** y = the mean of each square of K×K pixels. */
  public static void forward(AveragePoolDims d, double[] x, double[] y) {
    Arrays.fill(y, 0);
    for (int i = 0; i < x.length; i++) {
      int to = square(d, i);
      if (to >= 0) {
        y[to] += x[i] / (d.k() * d.k());
      }
    }
  }

  /** dx = dy/K² of the square that a pixel lies in. */
  public static void backward(AveragePoolDims d, double[] dy, double[] dx) {
    for (int i = 0; i < dx.length; i++) {
      int from = square(d, i);
      dx[i] = from >= 0 ? dy[from] / (d.k() * d.k()) : 0;
    }
  }

  /** Where in y element i of x counts, or −1. */
  private static int square(AveragePoolDims d, int i) {
    int column = i / d.c() % d.width() / d.k();
    int row = i / d.c() / d.width() % d.height() / d.k();
    int b = i / d.c() / d.width() / d.height();
    if (column >= d.outWidth() || row >= d.outHeight()) {
      return -1;
    }
    return ((b * d.outHeight() + row) * d.outWidth() + column) * d.c() + i % d.c();
  }
}
