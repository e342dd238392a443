package dev.diptych.kernels.layernorm;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;

/** Layer normalisation with the Vector API on all threads. */
public final class LayerNormCpu {
  /** Rows whose dw and db one task sums; fixed, so that sums do not depend on the threads. */
  private static final int ROWS_PER_PARTIAL_SUM = 256;

  private LayerNormCpu() {}

  /**
   * y = (x − μ)·rstd·w + b.
   *
   * @param x (N, C)
   * @param w (C)
   * @param b (C)
   * @param y (N, C), written; may be x
   * @param mean (N), written
   * @param rstd (N), written
   */
  public static void forward(
      LayerNormDims d, Floats x, Floats w, Floats b, Floats y, Floats mean, Floats rstd) {
    assert x.length() == d.n() * d.c() && y.length() == x.length();
    assert w.length() == d.c() && b.length() == d.c();
    assert mean.length() == d.n() && rstd.length() == d.n();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(4 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            forwardRow(d, n, x, w, b, y, mean, rstd);
          }
        });
  }

  private static void forwardRow(
      LayerNormDims d, int n, Floats x, Floats w, Floats b, Floats y, Floats mean, Floats rstd) {
    float[] xs = x.array();
    int row = x.offset() + n * d.c();
    float mu = Lanes.sum(xs, row, d.c()) / d.c();
    float scale = (float) (1 / Math.sqrt(centredSquares(xs, row, d.c(), mu) / d.c() + d.epsilon()));
    mean.array()[mean.offset() + n] = mu;
    rstd.array()[rstd.offset() + n] = scale;
    int out = y.offset() + n * d.c();
    int bound = SPECIES.loopBound(d.c());
    for (int c = 0; c < bound; c += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, xs, row + c)
          .sub(mu)
          .mul(scale)
          .fma(
              FloatVector.fromArray(SPECIES, w.array(), w.offset() + c),
              FloatVector.fromArray(SPECIES, b.array(), b.offset() + c))
          .intoArray(y.array(), out + c);
    }
    for (int c = bound; c < d.c(); c++) {
      y.array()[out + c] =
          Math.fma(
              (xs[row + c] - mu) * scale, w.array()[w.offset() + c], b.array()[b.offset() + c]);
    }
  }

  private static float centredSquares(float[] x, int row, int c, float mu) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector centred = FloatVector.fromArray(SPECIES, x, row + i).sub(mu);
      sum = centred.fma(centred, sum);
    }
    float total = Lanes.sum(sum);
    for (int i = bound; i < c; i++) {
      float centred = x[row + i] - mu;
      total = Math.fma(centred, centred, total);
    }
    return total;
  }

  /**
   * The gradients of {@link #forward}. dx is overwritten; dw and db are added to, because
   * parameters collect gradients.
   *
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy
   * @param dw (C), added to
   * @param db (C), added to
   */
  public static void backward(
      LayerNormDims d,
      Floats x,
      Floats w,
      Floats mean,
      Floats rstd,
      Floats dy,
      Floats dx,
      Floats dw,
      Floats db) {
    assert x.length() == d.n() * d.c() && dy.length() == x.length() && dx.length() == x.length();
    assert dw.length() == d.c() && db.length() == d.c();
    int tasks = (d.n() + ROWS_PER_PARTIAL_SUM - 1) / ROWS_PER_PARTIAL_SUM;
    Floats partial = Floats.zeros(tasks * 2 * d.c()); // (tasks, 2, C): dw and db of each task
    Parallel.run(
        tasks,
        task -> {
          Floats taskDw = partial.slice(task * 2 * d.c(), d.c());
          Floats taskDb = partial.slice((task * 2 + 1) * d.c(), d.c());
          int end = Math.min(d.n(), (task + 1) * ROWS_PER_PARTIAL_SUM);
          for (int n = task * ROWS_PER_PARTIAL_SUM; n < end; n++) {
            backwardRow(d, n, x, w, mean, rstd, dy, dx, taskDw, taskDb);
          }
        });
    for (int task = 0; task < tasks; task++) {
      Lanes.accumulate(dw, partial.slice(task * 2 * d.c(), d.c()));
      Lanes.accumulate(db, partial.slice((task * 2 + 1) * d.c(), d.c()));
    }
  }

  private static void backwardRow(
      LayerNormDims d,
      int n,
      Floats x,
      Floats w,
      Floats mean,
      Floats rstd,
      Floats dy,
      Floats dx,
      Floats dw,
      Floats db) {
    float mu = mean.array()[mean.offset() + n];
    float scale = rstd.array()[rstd.offset() + n];
    int xRow = x.offset() + n * d.c();
    int dyRow = dy.offset() + n * d.c();
    float[] xs = x.array();
    float[] dys = dy.array();
    addToWeights(
        d.c(), mu, scale, xs, xRow, dys, dyRow, dw.array(), dw.offset(), db.array(), db.offset());
    float meanG = Lanes.dot(dys, dyRow, w.array(), w.offset(), d.c()) / d.c();
    float meanGn = sumOfGn(d.c(), mu, scale, xs, xRow, dys, dyRow, w.array(), w.offset()) / d.c();
    int dxRow = dx.offset() + n * d.c();
    int bound = SPECIES.loopBound(d.c());
    for (int c = 0; c < bound; c += Lanes.COUNT) {
      FloatVector normalised = FloatVector.fromArray(SPECIES, xs, xRow + c).sub(mu).mul(scale);
      FloatVector.fromArray(SPECIES, dys, dyRow + c)
          .mul(FloatVector.fromArray(SPECIES, w.array(), w.offset() + c))
          .sub(meanG)
          .sub(normalised.mul(meanGn))
          .mul(scale)
          .intoArray(dx.array(), dxRow + c);
    }
    for (int c = bound; c < d.c(); c++) {
      float normalised = (xs[xRow + c] - mu) * scale;
      float g = dys[dyRow + c] * w.array()[w.offset() + c];
      dx.array()[dxRow + c] = (g - meanG - normalised * meanGn) * scale;
    }
  }

  // Each loop is a method of its own and has a scalar tail instead of a mask: in one method with
  // masks the compiler runs out of budget and puts every vector on the heap.

  /** dw += dy·n, db += dy. */
  private static void addToWeights(
      int c,
      float mu,
      float scale,
      float[] x,
      int xRow,
      float[] dy,
      int dyRow,
      float[] dw,
      int dwAt,
      float[] db,
      int dbAt) {
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector normalised = FloatVector.fromArray(SPECIES, x, xRow + i).sub(mu).mul(scale);
      FloatVector grad = FloatVector.fromArray(SPECIES, dy, dyRow + i);
      grad.fma(normalised, FloatVector.fromArray(SPECIES, dw, dwAt + i)).intoArray(dw, dwAt + i);
      grad.add(FloatVector.fromArray(SPECIES, db, dbAt + i)).intoArray(db, dbAt + i);
    }
    for (int i = bound; i < c; i++) {
      dw[dwAt + i] = Math.fma(dy[dyRow + i], (x[xRow + i] - mu) * scale, dw[dwAt + i]);
      db[dbAt + i] += dy[dyRow + i];
    }
  }

  /** Σ g·n. */
  private static float sumOfGn(
      int c,
      float mu,
      float scale,
      float[] x,
      int xRow,
      float[] dy,
      int dyRow,
      float[] w,
      int wAt) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector normalised = FloatVector.fromArray(SPECIES, x, xRow + i).sub(mu).mul(scale);
      sum =
          FloatVector.fromArray(SPECIES, dy, dyRow + i)
              .mul(FloatVector.fromArray(SPECIES, w, wAt + i))
              .fma(normalised, sum);
    }
    float total = Lanes.sum(sum);
    for (int i = bound; i < c; i++) {
      total = Math.fma(dy[dyRow + i] * w[wAt + i], (x[xRow + i] - mu) * scale, total);
    }
    return total;
  }
}
