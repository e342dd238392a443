package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.layernorm.LayerNormCuda;
import dev.diptych.kernels.layernorm.LayerNormDims;
import dev.diptych.kernels.layernorm.LayerNormReference;

/** Cases and timings of layer normalisation. */
final class LayerNormCases {
  private static final float EPSILON = 1e-5f;
  private static final int[][] SIZES = {
    {1, 1}, {2, 2}, {3, 3}, {1, 4}, {5, 7}, {2, 8}, {4, 15}, {3, 17}, {9, 32}, {5, 33}, {70, 64},
    {33, 100}, {3, 255}, {3, 256}, {3, 260}, {17, 512}, {18, 768}, {5, 772}, {3, 1024}, {2, 1028},
    {67, 130}, {0, 8}
  };

  private LayerNormCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      LayerNormDims d = new LayerNormDims(size[0], size[1], EPSILON);
      suite.checkBoth("layernorm " + d.n() + "×" + d.c(), w -> rows(w, d));
    }
    suite.checkBoth("layernorm of NaN and infinity", LayerNormCases::special);
    for (int c : new int[] {768, 1024}) {
      LayerNormDims d = new LayerNormDims(50 * 1024, c, EPSILON);
      String size = " " + d.n() + "×" + c;
      suite.time("layernorm forward" + size, d.forwardCost(), w -> forward(w, d));
      suite.timeBf16("layernorm forward" + size, d.forwardCost(), w -> forward(w, d));
      suite.time("layernorm backward" + size, d.backwardCost(), w -> backward(w, d));
      suite.timeBf16("layernorm backward" + size, d.backwardCost(), w -> backward(w, d));
    }
  }

  private static void rows(Workbench w, LayerNormDims d) {
    int n = d.n();
    int c = d.c();
    double[] x = w.normal(n, n * c);
    double[] weight = w.f32Normal(c, c);
    double[] b = w.f32Normal(c + 1, c);
    double[] dy = w.normal(n + 2, n * c);
    double[] y = new double[n * c];
    double[] mean = new double[n];
    double[] rstd = new double[n];
    LayerNormReference.forward(d, x, weight, b, y, mean, rstd);
    DeviceMemory gx = w.in(x);
    DeviceMemory gw = w.inF32(weight);
    DeviceMemory gy = w.out(n * c);
    DeviceMemory gMean = w.outF32(n);
    DeviceMemory gRstd = w.outF32(n);
    LayerNormCuda.forward(w.gpu(), d, w.precision(), gx, gw, w.inF32(b), gy, gMean, gRstd);
    w.check("y", y, gy, 3e-6 * Math.sqrt(c + 1));
    w.checkF32("mean", mean, gMean, 1e-6);
    double largest = 1;
    for (double r : rstd) {
      largest = Math.max(largest, r);
    }
    w.checkF32("rstd", rstd, gRstd, 2e-6 * largest);

    // dw and db are added to what is there.
    double[] dx = new double[n * c];
    double[] dw = w.f32Normal(7, c);
    double[] db = w.f32Normal(8, c);
    DeviceMemory gdx = w.out(n * c);
    DeviceMemory gdw = w.inF32(dw);
    DeviceMemory gdb = w.inF32(db);
    DeviceMemory inMean = w.inF32(mean);
    DeviceMemory inRstd = w.inF32(rstd);
    LayerNormReference.backward(d, x, weight, mean, rstd, dy, dx, dw, db);
    DeviceMemory gdy = w.in(dy);
    LayerNormCuda.backward(w.gpu(), d, w.precision(), gx, gw, inMean, inRstd, gdy, gdx, gdw, gdb);
    w.check("dx", dx, gdx, 1e-5 * largest);
    w.checkF32("dw", dw, gdw, 2e-5);
    w.checkF32("db", db, gdb, 2e-5);
    LayerNormCuda.backward(
        w.gpu(), d, w.precision(), gx, gw, inMean, inRstd, gdy, gdy, w.inF32(dw), w.inF32(db));
    w.check("dx in place", dx, gdy, 1e-5 * largest);
  }

  private static void special(Workbench w) {
    LayerNormDims d = new LayerNormDims(3, 36, EPSILON);
    double[] x = w.normal(5, 108);
    x[40] = Double.POSITIVE_INFINITY;
    x[107] = Double.NaN;
    DeviceMemory weight = w.inF32(w.f32Normal(6, 36));
    DeviceMemory y = w.out(108);
    LayerNormCuda.forward(
        w.gpu(), d, w.precision(), w.in(x), weight, weight, y, w.outF32(3), w.outF32(3));
    double[] found = w.read(y);
    for (int i = 0; i < found.length; i++) {
      if (Double.isNaN(found[i]) != i >= 36) {
        throw new GpuMismatch("element " + i + " is " + found[i]);
      }
    }
  }

  private static GpuTiming.Launches forward(Workbench w, LayerNormDims d) {
    DeviceMemory x = w.filled(d.n() * d.c());
    DeviceMemory weight = w.inF32(w.f32Normal(1, d.c()));
    DeviceMemory b = w.inF32(w.f32Normal(2, d.c()));
    DeviceMemory y = w.out(d.n() * d.c());
    DeviceMemory mean = w.outF32(d.n());
    DeviceMemory rstd = w.outF32(d.n());
    return gpu -> LayerNormCuda.forward(gpu, d, w.precision(), x, weight, b, y, mean, rstd);
  }

  private static GpuTiming.Launches backward(Workbench w, LayerNormDims d) {
    DeviceMemory x = w.filled(d.n() * d.c());
    DeviceMemory dy = w.filled(d.n() * d.c());
    DeviceMemory dx = w.out(d.n() * d.c());
    DeviceMemory weight = w.inF32(w.f32Normal(1, d.c()));
    DeviceMemory b = w.inF32(w.f32Normal(2, d.c()));
    DeviceMemory dw = w.inF32(new double[d.c()]);
    DeviceMemory db = w.inF32(new double[d.c()]);
    DeviceMemory mean = w.outF32(d.n());
    DeviceMemory rstd = w.outF32(d.n());
    LayerNormCuda.forward(w.gpu(), d, w.precision(), x, weight, b, dx, mean, rstd);
    return gpu ->
        LayerNormCuda.backward(gpu, d, w.precision(), x, weight, mean, rstd, dy, dx, dw, db);
  }
}
