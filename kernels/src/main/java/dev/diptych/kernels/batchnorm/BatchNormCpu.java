package dev.diptych.kernels.batchnorm;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;

/** Batch normalisation with the Vector API on all threads. {@link Rows} holds the loops. */
public final class BatchNormCpu {
  /** Floats whose sums one task makes: 256 KiB, which stay in L2 while they are read again. */
  private static final int FLOATS_PER_SUM = 1 << 16;

  /** Rows in a sum of f32, at most: few enough that rounding stays near 1e-7. */
  private static final int ROWS_PER_SUM = 512;

  private BatchNormCpu() {}

  /**
   * The mean and the variance of each channel.
   *
   * @param x (N, C), N ≥ 1
   * @param mean (C), written
   * @param variance (C), written: divided by N
   */
  public static void statistics(BatchNormDims d, Floats x, Floats mean, Floats variance) {
    assert x.length() == d.n() * d.c() && mean.length() == d.c() && variance.length() == d.c();
    int tasks = sums(d);
    int c = d.c();
    Floats partial = Floats.zeros(tasks * 3 * c); // (tasks, 3, C): means, Σ x − mean, Σ (x − mean)²
    Parallel.run(
        tasks,
        task -> {
          int begin = begin(d, task, tasks);
          int end = begin(d, task + 1, tasks);
          Floats own = partial.slice(task * 3 * c, c);
          Rows.mean(c, x, begin, end, own);
          Floats sums = partial.slice((task * 3 + 1) * c, c);
          Rows.addCentred(c, x, begin, end, own, sums, partial.slice((task * 3 + 2) * c, c));
        });
    for (int i = 0; i < c; i++) {
      join(d, tasks, partial.array(), i, mean, variance);
    }
  }

  /**
   * Joins the sums of one channel. What a task left over from its mean, which is rounded, corrects
   * both mean and squares.
   */
  private static void join(
      BatchNormDims d, int tasks, float[] partial, int c, Floats mean, Floats variance) {
    double total = 0;
    for (int task = 0; task < tasks; task++) {
      int at = task * 3 * d.c() + c;
      int rows = begin(d, task + 1, tasks) - begin(d, task, tasks);
      total += (double) rows * partial[at] + partial[at + d.c()];
    }
    double mu = total / d.n();
    double squares = 0;
    for (int task = 0; task < tasks; task++) {
      int at = task * 3 * d.c() + c;
      int rows = begin(d, task + 1, tasks) - begin(d, task, tasks);
      double rest = partial[at + d.c()];
      double shift = partial[at] + rest / rows - mu;
      squares += partial[at + 2 * d.c()] - rest * rest / rows + rows * shift * shift;
    }
    mean.array()[mean.offset() + c] = (float) mu;
    variance.array()[variance.offset() + c] = (float) (squares / d.n());
  }

  /**
   * running ← (1−m)·running + m·(mean, variance·N/(N−1)): the estimates for later use.
   *
   * @param mean (C), of the batch
   * @param variance (C), of the batch, divided by N ≥ 2
   * @param momentum m, the weight of this batch
   * @param runningMean (C), updated
   * @param runningVariance (C), updated
   */
  public static void updateRunning(
      BatchNormDims d,
      Floats mean,
      Floats variance,
      double momentum,
      Floats runningMean,
      Floats runningVariance) {
    assert d.n() >= 2 && runningMean.length() == d.c() && runningVariance.length() == d.c();
    double unbiased = d.n() / (d.n() - 1.0);
    for (int c = 0; c < d.c(); c++) {
      move(runningMean, c, momentum, mean.array()[mean.offset() + c]);
      move(runningVariance, c, momentum, unbiased * variance.array()[variance.offset() + c]);
    }
  }

  private static void move(Floats running, int c, double momentum, double target) {
    float[] values = running.array();
    int at = running.offset() + c;
    values[at] = (float) (values[at] + momentum * (target - values[at]));
  }

  /**
   * y = (x − μ)/√(σ² + ε)·w + b.
   *
   * @param x (N, C)
   * @param mean (C), of the batch or running
   * @param variance (C), of the batch or running
   * @param y (N, C), written; may be x
   */
  public static void normalise(
      BatchNormDims d, Floats x, Floats w, Floats b, Floats mean, Floats variance, Floats y) {
    assert x.length() == d.n() * d.c() && y.length() == x.length();
    assert w.length() == d.c() && b.length() == d.c();
    Floats gain = gain(d, w, variance);
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(2 * d.c()),
        (begin, end) -> Rows.normalise(d.c(), x, begin, end, mean, gain, b, y));
  }

  /** w·rstd of each channel. */
  private static Floats gain(BatchNormDims d, Floats w, Floats variance) {
    Floats gain = Floats.zeros(d.c());
    for (int c = 0; c < d.c(); c++) {
      gain.array()[c] = (float) (w.array()[w.offset() + c] * rstd(d, variance, c));
    }
    return gain;
  }

  private static double rstd(BatchNormDims d, Floats variance, int c) {
    return 1 / Math.sqrt((double) variance.array()[variance.offset() + c] + d.epsilon());
  }

  /**
   * The gradients of {@link #normalise}. dx is overwritten; dw and db are added to.
   *
   * @param training whether mean and variance are those of x, and so functions of it
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy
   * @param dw (C), added to
   * @param db (C), added to
   */
  public static void backward(
      BatchNormDims d,
      boolean training,
      Floats x,
      Floats w,
      Floats mean,
      Floats variance,
      Floats dy,
      Floats dx,
      Floats dw,
      Floats db) {
    assert x.length() == d.n() * d.c() && dy.length() == x.length() && dx.length() == x.length();
    assert dw.length() == d.c() && db.length() == d.c();
    int tasks = sums(d);
    Floats partial = Floats.zeros(tasks * 2 * d.c()); // (tasks, 2, C): Σ dy·(x − μ) and Σ dy
    Parallel.run(
        tasks,
        task ->
            Rows.addProducts(
                d.c(),
                x,
                dy,
                begin(d, task, tasks),
                begin(d, task + 1, tasks),
                mean,
                partial.slice(task * 2 * d.c(), d.c()),
                partial.slice((task * 2 + 1) * d.c(), d.c())));
    double[] sumDyX = new double[d.c()];
    double[] sumDy = new double[d.c()];
    for (int task = 0; task < tasks; task++) {
      for (int c = 0; c < d.c(); c++) {
        sumDyX[c] += partial.array()[task * 2 * d.c() + c];
        sumDy[c] += partial.array()[(task * 2 + 1) * d.c() + c];
      }
    }
    Floats slope = Floats.zeros(d.c()); // of dx in x − μ
    Floats meanDy = Floats.zeros(d.c());
    for (int c = 0; c < d.c(); c++) {
      double rstd = rstd(d, variance, c);
      dw.array()[dw.offset() + c] += (float) (sumDyX[c] * rstd);
      db.array()[db.offset() + c] += (float) sumDy[c];
      slope.array()[c] = (float) (sumDyX[c] * rstd * rstd / d.n());
      meanDy.array()[c] = (float) (sumDy[c] / d.n());
    }
    Floats gain = gain(d, w, variance);
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(3 * d.c()),
        (begin, end) -> {
          if (training) {
            Rows.backward(d.c(), x, dy, begin, end, mean, slope, meanDy, gain, dx);
          } else {
            Rows.scale(d.c(), dy, begin, end, gain, dx);
          }
        });
  }

  private static int sums(BatchNormDims d) {
    int rows = Math.clamp(FLOATS_PER_SUM / Math.max(1, d.c()), 8, ROWS_PER_SUM);
    return Math.ceilDiv(d.n(), rows);
  }

  private static int begin(BatchNormDims d, int task, int tasks) {
    return (int) ((long) d.n() * task / tasks);
  }
}
