package dev.diptych.kernels.doctor;

import dev.diptych.kernels.batchnorm.BatchNormCuda;
import dev.diptych.kernels.batchnorm.BatchNormDims;
import dev.diptych.kernels.batchnorm.BatchNormReference;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import java.util.Arrays;

/** Cases and timings of batch normalisation. */
final class BatchNormCases {
  private static final float EPSILON = 1e-5f;

  /** Those of thousands of elements have rows for more than one block. */
  private static final int[][] SIZES = {
    {1, 1},
    {2, 1},
    {3, 3},
    {1, 4},
    {5, 7},
    {2, 8},
    {9, 32},
    {8, 33},
    {1, 130},
    {7, 130},
    {3, 136},
    {8200, 1},
    {513, 33},
    {1025, 20},
    {0, 8}
  };

  private BatchNormCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      BatchNormDims d = new BatchNormDims(size[0], size[1], EPSILON);
      suite.checkBoth("batchnorm " + d.n() + "×" + d.c(), w -> rows(w, d, 0));
    }
    suite.checkBoth(
        "batchnorm of a large mean 700×5", w -> rows(w, new BatchNormDims(700, 5, EPSILON), 1000));
    suite.checkBoth(
        "batchnorm of a large mean 65×36", w -> rows(w, new BatchNormDims(65, 36, EPSILON), -3e4));
    suite.checkBoth("batchnorm of an outlier in front", BatchNormCases::outlier);
    suite.checkBoth("batchnorm of NaN and infinity", BatchNormCases::special);
    for (int[] size : new int[][] {{112, 32}, {112, 64}, {56, 256}, {7, 2048}}) {
      BatchNormDims d = new BatchNormDims(64 * size[0] * size[0], size[1], EPSILON);
      String name = " " + d.n() + "×" + d.c();
      suite.time("batchnorm training" + name, d.trainingCost(), w -> training(w, d));
      suite.timeBf16("batchnorm training" + name, d.trainingCost(), w -> training(w, d));
      suite.time("batchnorm in use" + name, d.forwardCost(), w -> use(w, d));
      suite.timeBf16("batchnorm in use" + name, d.forwardCost(), w -> use(w, d));
      suite.time("batchnorm backward" + name, d.backwardCost(), w -> backward(w, d));
      suite.timeBf16("batchnorm backward" + name, d.backwardCost(), w -> backward(w, d));
    }
  }

  /** N(shift, 1), everything that there is to do with it. */
  private static void rows(Workbench w, BatchNormDims d, double shift) {
    double[] x = w.normal(d.n(), d.n() * d.c());
    for (int i = 0; i < x.length; i++) {
      x[i] += shift * (1 + i % d.c());
    }
    all(w, d, Workbench.exactly(w.precision(), x));
  }

  /** The row from which sums are counted is a thousand deviations away from the others. */
  private static void outlier(Workbench w) {
    BatchNormDims d = new BatchNormDims(150, 6, EPSILON);
    double[] x = w.normal(1, d.n() * d.c());
    for (int i = 0; i < d.c(); i++) {
      x[i] = 1000;
    }
    all(w, d, Workbench.exactly(w.precision(), x));
  }

  private static void all(Workbench w, BatchNormDims d, double[] x) {
    DeviceMemory gx = w.in(x);
    if (d.n() > 0) {
      double[] mean = new double[d.c()];
      double[] variance = new double[d.c()];
      statistics(w, d, x, gx, mean, variance);
      maps(w, d, true, x, gx, rounded(mean), rounded(variance));
    }
    double[] runningVariance = w.f32Normal(31, d.c());
    Arrays.setAll(runningVariance, i -> (float) (0.1 + Math.abs(runningVariance[i])));
    maps(w, d, false, x, gx, w.f32Normal(30, d.c()), runningVariance);
  }

  private static double[] rounded(double[] values) {
    return Workbench.exactly(Precision.F32, values);
  }

  /**
   * The mean is held to some last bits of itself or a deviation, the variance to some of its own.
   */
  private static void statistics(
      Workbench w, BatchNormDims d, double[] x, DeviceMemory gx, double[] mean, double[] variance) {
    BatchNormReference.statistics(d, x, mean, variance);
    DeviceMemory gMean = w.outF32(d.c());
    DeviceMemory gVariance = w.outF32(d.c());
    BatchNormCuda.statistics(w.gpu(), d, w.precision(), gx, gMean, gVariance);
    double deviation = Math.sqrt(Arrays.stream(variance).max().orElse(0));
    w.checkF32("mean", mean, gMean, 3e-7 * Math.max(1, deviation));
    w.checkF32("variance", variance, gVariance, 2e-6);
    if (d.n() < 2) {
      return;
    }
    double[] runningMean = w.f32Normal(20, d.c());
    double[] runningVariance = w.f32Normal(21, d.c());
    DeviceMemory gRunningMean = w.inF32(runningMean);
    DeviceMemory gRunningVariance = w.inF32(runningVariance);
    double[] batchMean = rounded(mean);
    double[] batchVariance = rounded(variance);
    BatchNormReference.updateRunning(
        d, batchMean, batchVariance, 0.1, runningMean, runningVariance);
    BatchNormCuda.updateRunning(
        w.gpu(),
        d,
        w.inF32(batchMean),
        w.inF32(batchVariance),
        0.1,
        gRunningMean,
        gRunningVariance);
    w.checkF32("running mean", runningMean, gRunningMean, 1e-6);
    w.checkF32("running variance", runningVariance, gRunningVariance, 1e-6);
  }

  private static void maps(
      Workbench w,
      BatchNormDims d,
      boolean training,
      double[] x,
      DeviceMemory gx,
      double[] mean,
      double[] variance) {
    String when = training ? " in training" : " in use";
    double[] weight = w.f32Normal(d.c(), d.c());
    double[] b = w.f32Normal(d.c() + 1, d.c());
    double[] y = new double[x.length];
    BatchNormReference.normalise(d, x, weight, b, mean, variance, y);
    DeviceMemory gw = w.inF32(weight);
    DeviceMemory gMean = w.inF32(mean);
    DeviceMemory gVariance = w.inF32(variance);
    DeviceMemory gy = w.out(x.length);
    BatchNormCuda.normalise(w.gpu(), d, w.precision(), gx, gw, w.inF32(b), gMean, gVariance, gy);
    w.check("y" + when, y, gy, 3e-6);

    // dw and db are added to what is there.
    double[] dy = w.normal(d.n() + 2, x.length);
    double[] dx = new double[x.length];
    double[] dw = w.f32Normal(7, d.c());
    double[] db = w.f32Normal(8, d.c());
    DeviceMemory gdw = w.inF32(dw);
    DeviceMemory gdb = w.inF32(db);
    DeviceMemory gdx = w.out(x.length);
    DeviceMemory gdy = w.in(dy);
    BatchNormReference.backward(d, training, x, weight, mean, variance, dy, dx, dw, db);
    BatchNormCuda.backward(
        w.gpu(), d, w.precision(), training, gx, gw, gMean, gVariance, gdy, gdx, gdw, gdb);
    double steepest = 1;
    for (double v : variance) {
      steepest = Math.max(steepest, 1 / Math.sqrt(v + d.epsilon()));
    }
    w.check("dx" + when, dx, gdx, 2e-6 * steepest);
    w.checkF32("dw" + when, dw, gdw, 5e-6);
    w.checkF32("db" + when, db, gdb, 2e-6);
    BatchNormCuda.backward(
        w.gpu(), d, w.precision(), training, gx, gw, gMean, gVariance, gdy, gdy, gdw, gdb);
    w.check("dx in place" + when, dx, gdy, 2e-6 * steepest);
  }

  private static void special(Workbench w) {
    BatchNormDims d = new BatchNormDims(40, 7, EPSILON);
    double[] x = w.normal(5, 280);
    x[7 * 3 + 2] = Double.POSITIVE_INFINITY;
    x[7 * 39 + 4] = Double.NaN;
    DeviceMemory gx = w.in(x);
    DeviceMemory weight = w.inF32(w.f32Normal(6, 7));
    DeviceMemory mean = w.outF32(7);
    DeviceMemory variance = w.outF32(7);
    DeviceMemory y = w.out(280);
    BatchNormCuda.statistics(w.gpu(), d, w.precision(), gx, mean, variance);
    BatchNormCuda.normalise(w.gpu(), d, w.precision(), gx, weight, weight, mean, variance, y);
    double[] found = w.read(y);
    for (int i = 0; i < found.length; i++) {
      boolean ill = i % 7 == 2 || i % 7 == 4;
      if (Double.isFinite(found[i]) == ill) {
        throw new GpuMismatch("element " + i + " is " + found[i]);
      }
    }
  }

  private static GpuTiming.Launches training(Workbench w, BatchNormDims d) {
    Timed t = new Timed(w, d);
    DeviceMemory runningMean = w.inF32(new double[d.c()]);
    DeviceMemory runningVariance = w.inF32(new double[d.c()]);
    return gpu -> {
      BatchNormCuda.statistics(gpu, d, w.precision(), t.x, t.mean, t.variance);
      BatchNormCuda.updateRunning(gpu, d, t.mean, t.variance, 0.1, runningMean, runningVariance);
      t.normalise(gpu);
    };
  }

  private static GpuTiming.Launches use(Workbench w, BatchNormDims d) {
    Timed t = new Timed(w, d);
    BatchNormCuda.statistics(w.gpu(), d, w.precision(), t.x, t.mean, t.variance);
    return t::normalise;
  }

  private static GpuTiming.Launches backward(Workbench w, BatchNormDims d) {
    Timed t = new Timed(w, d);
    BatchNormCuda.statistics(w.gpu(), d, w.precision(), t.x, t.mean, t.variance);
    DeviceMemory dy = w.filled(d.n() * d.c());
    DeviceMemory dw = w.inF32(new double[d.c()]);
    DeviceMemory db = w.inF32(new double[d.c()]);
    return gpu ->
        BatchNormCuda.backward(
            gpu, d, w.precision(), true, t.x, t.weight, t.mean, t.variance, dy, t.y, dw, db);
  }

  /** What the timings share. */
  private static final class Timed {
    final Workbench w;
    final BatchNormDims d;
    final DeviceMemory x;
    final DeviceMemory y;
    final DeviceMemory weight;
    final DeviceMemory b;
    final DeviceMemory mean;
    final DeviceMemory variance;

    Timed(Workbench w, BatchNormDims d) {
      this.w = w;
      this.d = d;
      x = w.filled(d.n() * d.c());
      y = w.out(d.n() * d.c());
      weight = w.inF32(w.f32Normal(1, d.c()));
      b = w.inF32(w.f32Normal(2, d.c()));
      mean = w.outF32(d.c());
      variance = w.outF32(d.c());
    }

    void normalise(Gpu gpu) {
      BatchNormCuda.normalise(gpu, d, w.precision(), x, weight, b, mean, variance, y);
    }
  }
}
