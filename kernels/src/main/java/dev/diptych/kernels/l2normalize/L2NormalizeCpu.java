package dev.diptych.kernels.l2normalize;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;

/** L2 normalisation of rows with the Vector API on all threads. */
public final class L2NormalizeCpu {
  /** Sums of squares between these two are as exact in f32 as any; outside, double takes over. */
  private static final float SMALLEST_SQUARES = 1e-26f;

  private static final float LARGEST_SQUARES = 1e36f;

  private L2NormalizeCpu() {}

  /**
   * y = x/‖x‖; a row of zeros stays zero, a row with NaN or an infinity holds NaN.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   * @param inverseNorm (N), written: 1/‖x‖, and 0 for a row of zeros
   */
  public static void forward(L2NormalizeDims d, Floats x, Floats y, Floats inverseNorm) {
    assert x.length() == d.n() * d.c() && y.length() == x.length();
    assert inverseNorm.length() == d.n();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(2 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            forwardRow(d, n, x, y, inverseNorm);
          }
        });
  }

  private static void forwardRow(L2NormalizeDims d, int n, Floats x, Floats y, Floats inverseNorm) {
    float[] xs = x.array();
    float[] ys = y.array();
    int from = x.offset() + n * d.c();
    int to = y.offset() + n * d.c();
    float squares = Lanes.dot(xs, from, xs, from, d.c());
    if (!(squares >= SMALLEST_SQUARES && squares <= LARGEST_SQUARES)) {
      forwardRowInDouble(d, n, x, y, inverseNorm);
      return;
    }
    float inverse = (float) (1 / Math.sqrt(squares));
    inverseNorm.array()[inverseNorm.offset() + n] = inverse;
    int c = 0;
    for (; c <= d.c() - Lanes.COUNT; c += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, xs, from + c).mul(inverse).intoArray(ys, to + c);
    }
    for (; c < d.c(); c++) {
      ys[to + c] = xs[from + c] * inverse;
    }
  }

  private static void forwardRowInDouble(
      L2NormalizeDims d, int n, Floats x, Floats y, Floats inverseNorm) {
    int from = x.offset() + n * d.c();
    int to = y.offset() + n * d.c();
    double squares = 0;
    for (int c = 0; c < d.c(); c++) {
      double value = x.array()[from + c];
      squares += value * value;
    }
    double inverse = squares == 0 ? 0 : 1 / Math.sqrt(squares);
    inverseNorm.array()[inverseNorm.offset() + n] = (float) inverse;
    for (int c = 0; c < d.c(); c++) {
      y.array()[to + c] = (float) (x.array()[from + c] * inverse);
    }
  }

  /**
   * dx = (dy − y·(y·dy))/‖x‖.
   *
   * @param y (N, C), what {@link #forward} wrote
   * @param inverseNorm (N), what {@link #forward} wrote
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy
   */
  public static void backward(
      L2NormalizeDims d, Floats y, Floats inverseNorm, Floats dy, Floats dx) {
    assert y.length() == d.n() * d.c() && dy.length() == y.length() && dx.length() == y.length();
    assert inverseNorm.length() == d.n();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(3 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            backwardRow(d, n, y, inverseNorm, dy, dx);
          }
        });
  }

  private static void backwardRow(
      L2NormalizeDims d, int n, Floats y, Floats inverseNorm, Floats dy, Floats dx) {
    int yRow = y.offset() + n * d.c();
    int dyRow = dy.offset() + n * d.c();
    int dxRow = dx.offset() + n * d.c();
    float inverse = inverseNorm.array()[inverseNorm.offset() + n];
    float along = Lanes.dot(y.array(), yRow, dy.array(), dyRow, d.c());
    int c = 0;
    for (; c <= d.c() - Lanes.COUNT; c += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, y.array(), yRow + c)
          .fma(
              FloatVector.broadcast(SPECIES, -along),
              FloatVector.fromArray(SPECIES, dy.array(), dyRow + c))
          .mul(inverse)
          .intoArray(dx.array(), dxRow + c);
    }
    for (; c < d.c(); c++) {
      dx.array()[dxRow + c] =
          Math.fma(y.array()[yRow + c], -along, dy.array()[dyRow + c]) * inverse;
    }
  }
}
