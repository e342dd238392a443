package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.softmax.SoftmaxCuda;
import dev.diptych.kernels.softmax.SoftmaxDims;
import dev.diptych.kernels.softmax.SoftmaxReference;

/** Cases and timings of softmax and log-softmax. */
final class SoftmaxCases {
  private static final double INFINITY = Double.POSITIVE_INFINITY;
  private static final int[][] SIZES = {
    {1, 1}, {2, 2}, {3, 3}, {1, 4}, {5, 7}, {2, 8}, {3, 17}, {9, 32}, {5, 33}, {60, 50}, {30, 77},
    {7, 256}, {6, 260}, {5, 512}, {4, 768}, {3, 1000}, {3, 1024}, {2, 1028}, {2, 3001}, {1, 4096},
    {1, 4100}, {0, 8}, {8, 0}
  };

  private SoftmaxCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      SoftmaxDims d = new SoftmaxDims(size[0], size[1]);
      suite.checkBoth("softmax " + d.n() + "×" + d.c(), w -> rows(w, d, scores(w, d)));
    }
    suite.checkBoth(
        "softmax of huge and infinite elements", w -> rows(w, new SoftmaxDims(6, 4), huge(w)));
    for (int c : new int[] {1000, 4096}) {
      SoftmaxDims d = new SoftmaxDims((1 << 25) / c, c);
      String size = " " + d.n() + "×" + c;
      suite.time("softmax forward" + size, d.forwardCost(), w -> forward(w, d));
      suite.timeBf16("softmax forward" + size, d.forwardCost(), w -> forward(w, d));
      suite.time("softmax backward" + size, d.backwardCost(), w -> backward(w, d));
      suite.timeBf16("softmax backward" + size, d.backwardCost(), w -> backward(w, d));
    }
  }

  private static double[] scores(Workbench w, SoftmaxDims d) {
    double[] x = w.normal(d.n(), d.n() * d.c());
    for (int i = 0; i < x.length; i++) {
      x[i] *= 10;
    }
    x = Workbench.exactly(w.precision(), x);
    if (x.length > 5) {
      x[5] = -INFINITY;
    }
    return x;
  }

  private static double[] huge(Workbench w) {
    double nan = Double.NaN;
    double[] x = {
      1e30, 1e30, -1e30, -1e30, 3e38, 3e38, -3e37, 0, -INFINITY, 0, -INFINITY, 1, 1, nan, 2, 3,
      INFINITY, 1, 0, 2, -INFINITY, -INFINITY, -INFINITY, -INFINITY
    };
    return Workbench.exactly(w.precision(), x);
  }

  private static void rows(Workbench w, SoftmaxDims d, double[] x) {
    int size = x.length;
    double[] dy = w.normal(d.n() + 2, size);
    double[] y = new double[size];
    double[] dx = new double[size];
    SoftmaxReference.forward(d, x, y);
    // The gradient is that for the y that is saved.
    double[] saved = Workbench.exactly(w.precision(), y);
    SoftmaxReference.backward(d, saved, dy, dx);
    DeviceMemory gx = w.in(x);
    DeviceMemory gdy = w.in(dy);
    DeviceMemory gy = w.out(size);
    DeviceMemory gdx = w.out(size);
    SoftmaxCuda.forward(w.gpu(), d, w.precision(), gx, gy);
    w.check("y", y, gy, 1e-6);
    SoftmaxCuda.backward(w.gpu(), d, w.precision(), w.in(saved), gdy, gdx);
    w.check("dx", dx, gdx, 2e-6);

    double[] logY = new double[size];
    double[] logDx = new double[size];
    SoftmaxReference.logForward(d, x, logY);
    double[] savedLog = Workbench.exactly(w.precision(), logY);
    SoftmaxReference.logBackward(d, savedLog, dy, logDx);
    SoftmaxCuda.logForward(w.gpu(), d, w.precision(), gx, gy);
    w.check("log y", logY, gy, 1e-6);
    SoftmaxCuda.logBackward(w.gpu(), d, w.precision(), w.in(savedLog), gdy, gdx);
    // Σ dy grows with √C and keeps its rounding errors.
    w.check("log dx", logDx, gdx, 1e-5 + 1e-6 * Math.sqrt(d.c()));

    SoftmaxCuda.forward(w.gpu(), d, w.precision(), gx, gx);
    w.check("y in place", y, gx, 1e-6);
    SoftmaxCuda.backward(w.gpu(), d, w.precision(), gx, gdy, gdy);
    w.check("dx in place", dx, gdy, 3e-6);
  }

  private static GpuTiming.Launches forward(Workbench w, SoftmaxDims d) {
    DeviceMemory x = w.filled(d.n() * d.c());
    DeviceMemory y = w.out(d.n() * d.c());
    return gpu -> SoftmaxCuda.forward(gpu, d, w.precision(), x, y);
  }

  private static GpuTiming.Launches backward(Workbench w, SoftmaxDims d) {
    DeviceMemory y = w.filled(d.n() * d.c());
    DeviceMemory dy = w.filled(d.n() * d.c());
    DeviceMemory dx = w.out(d.n() * d.c());
    return gpu -> SoftmaxCuda.backward(gpu, d, w.precision(), y, dy, dx);
  }
}
