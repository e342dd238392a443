package dev.diptych.kernels.reduce;

/** Reductions in plain loops of double. Oracle of {@link ReduceCpu}. */
public final class ReduceReference {
  private ReduceReference() {}

  /** scale·Σ x over all elements. */
  public static double sum(double[] x, double scale) {
    double sum = 0;
    for (double value : x) {
      sum += value;
    }
    return scale * sum;
  }

  /**
   * sum ← sum + scale·Σ_n x.
   *
   * @param x (N, C)
   * @param sum (C), added to
   */
  public static void sumRows(ReduceDims d, double scale, double[] x, double[] sum) {
    for (int n = 0; n < d.n(); n++) {
      for (int c = 0; c < d.c(); c++) {
        sum[c] += scale * x[n * d.c() + c];
      }
    }
  }

  /**
   * sum ← sum + Σ_n x·y.
   *
   * @param x (N, C)
   * @param y (N, C)
   * @param sum (C), added to
   */
  public static void sumRowsOfProducts(ReduceDims d, double[] x, double[] y, double[] sum) {
    for (int n = 0; n < d.n(); n++) {
      for (int c = 0; c < d.c(); c++) {
        sum[c] += x[n * d.c() + c] * y[n * d.c() + c];
      }
    }
  }

  /**
   * sum = scale·Σ_c x.
   *
   * @param x (N, C)
   * @param sum (N), written
   */
  public static void sumColumns(ReduceDims d, double scale, double[] x, double[] sum) {
    for (int n = 0; n < d.n(); n++) {
      sum[n] = 0;
      for (int c = 0; c < d.c(); c++) {
        sum[n] += scale * x[n * d.c() + c];
      }
    }
  }

  /**
   * The largest element of each row and its place.
   *
   * @param x (N, C), C ≥ 1
   * @param max (N), written
   * @param index (N), written
   */
  public static void max(ReduceDims d, double[] x, double[] max, int[] index) {
    for (int n = 0; n < d.n(); n++) {
      int best = 0;
      for (int c = 1; c < d.c(); c++) {
        double value = x[n * d.c() + c];
        double soFar = x[n * d.c() + best];
        if (value > soFar || (Double.isNaN(value) && !Double.isNaN(soFar))) {
          best = c;
        }
      }
      max[n] = x[n * d.c() + best];
      index[n] = best;
    }
  }

  /** The gradient of {@link #sumRows}: dx = scale·dy in every row; dy (C). */
  public static void sumRowsBackward(ReduceDims d, double scale, double[] dy, double[] dx) {
    for (int i = 0; i < d.size(); i++) {
      dx[i] = scale * dy[i % d.c()];
    }
  }

  /** The gradient of {@link #sumColumns}: dx = scale·dy in every column; dy (N). */
  public static void sumColumnsBackward(ReduceDims d, double scale, double[] dy, double[] dx) {
    for (int i = 0; i < d.size(); i++) {
      dx[i] = scale * dy[i / d.c()];
    }
  }

  /** The gradient of {@link #max}: dx = dy at the maximum, 0 elsewhere; dy (N). */
  public static void maxBackward(ReduceDims d, int[] index, double[] dy, double[] dx) {
    for (int n = 0; n < d.n(); n++) {
      for (int c = 0; c < d.c(); c++) {
        dx[n * d.c() + c] = c == index[n] ? dy[n] : 0;
      }
    }
  }
}
