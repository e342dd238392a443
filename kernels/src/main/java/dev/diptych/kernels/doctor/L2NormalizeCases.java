package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.l2normalize.L2NormalizeCuda;
import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.kernels.l2normalize.L2NormalizeReference;
import java.util.Arrays;

/** Cases and timings of L2 normalisation. */
final class L2NormalizeCases {
  private static final int[][] SIZES = {
    {1, 1}, {2, 2}, {3, 3}, {1, 4}, {5, 7}, {2, 8}, {3, 17}, {9, 32}, {5, 33}, {60, 64}, {9, 100},
    {6, 256}, {5, 260}, {7, 512}, {3, 768}, {2, 1024}, {2, 1100}, {0, 8}
  };

  private L2NormalizeCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      L2NormalizeDims d = new L2NormalizeDims(size[0], size[1]);
      suite.checkBoth(
          "l2normalize " + d.n() + "×" + d.c(), w -> rows(w, d, w.normal(d.n(), d.n() * d.c())));
    }
    for (float length : new float[] {1e-38f, 1e-30f, 1e-16f, 1e16f, 1e30f, 3e37f}) {
      suite.checkBoth("l2normalize rows of size " + length, w -> anySize(w, length));
    }
    suite.checkBoth(
        "l2normalize of a row of zeros",
        w -> {
          double[] x = w.normal(4, 60);
          Arrays.fill(x, 20, 40, 0);
          rows(w, new L2NormalizeDims(3, 20), x);
        });
    suite.checkBoth("l2normalize of NaN and infinity", L2NormalizeCases::special);
    L2NormalizeDims d = new L2NormalizeDims(1 << 16, 512);
    suite.time("l2normalize forward 65536×512", d.forwardCost(), w -> forward(w, d));
    suite.timeBf16("l2normalize forward 65536×512", d.forwardCost(), w -> forward(w, d));
    suite.time("l2normalize backward 65536×512", d.backwardCost(), w -> backward(w, d));
    suite.timeBf16("l2normalize backward 65536×512", d.backwardCost(), w -> backward(w, d));
  }

  private static void rows(Workbench w, L2NormalizeDims d, double[] x) {
    double[] dy = w.normal(d.n() + 1, x.length);
    double[] y = new double[x.length];
    double[] inverseNorm = new double[d.n()];
    double[] dx = new double[x.length];
    L2NormalizeReference.forward(d, x, y, inverseNorm);
    // The gradient is that for the y that is saved.
    double[] saved = Workbench.exactly(w.precision(), y);
    L2NormalizeReference.backward(d, saved, inverseNorm, dy, dx);
    DeviceMemory gy = w.out(x.length);
    DeviceMemory gInverse = w.outF32(d.n());
    DeviceMemory gx = w.in(x);
    L2NormalizeCuda.forward(w.gpu(), d, w.precision(), gx, gy, gInverse);
    w.check("y", y, gy, 1e-6);
    double largest = 1;
    for (double inverse : inverseNorm) {
      largest = Math.max(largest, inverse);
    }
    w.checkF32("1/norm", inverseNorm, gInverse, 1e-6 * largest);
    DeviceMemory gdx = w.out(x.length);
    L2NormalizeCuda.backward(
        w.gpu(), d, w.precision(), w.in(saved), w.inF32(inverseNorm), w.in(dy), gdx);
    w.check("dx", dx, gdx, 2e-6 * largest);
    L2NormalizeCuda.forward(w.gpu(), d, w.precision(), gx, gx, gInverse);
    w.check("y in place", y, gx, 1e-6);
  }

  private static void anySize(Workbench w, float length) {
    for (int c : new int[] {36, 37}) {
      double[] x = w.normal(3, c);
      for (int i = 0; i < c; i++) {
        x[i] *= length;
      }
      x = Workbench.exactly(w.precision(), x);
      double[] y = new double[c];
      L2NormalizeDims d = new L2NormalizeDims(1, c);
      L2NormalizeReference.forward(d, x, y, new double[1]);
      DeviceMemory gy = w.out(c);
      L2NormalizeCuda.forward(w.gpu(), d, w.precision(), w.in(x), gy, w.outF32(1));
      w.check("y", y, gy, 1e-6);
    }
  }

  private static void special(Workbench w) {
    double[] x = w.normal(5, 108);
    x[40] = Double.POSITIVE_INFINITY;
    x[107] = Double.NaN;
    DeviceMemory y = w.out(108);
    L2NormalizeCuda.forward(
        w.gpu(), new L2NormalizeDims(3, 36), w.precision(), w.in(x), y, w.outF32(3));
    double[] found = w.read(y);
    for (int i = 0; i < found.length; i++) {
      // As in x/‖x‖ with ‖x‖ = ∞: what is finite becomes 0, ∞/∞ is NaN.
      boolean isNaN = i == 40 || i >= 72;
      boolean isZero = i >= 36 && i < 72 && i != 40;
      if (Double.isNaN(found[i]) != isNaN || (found[i] == 0) != isZero) {
        throw new GpuMismatch("element " + i + " is " + found[i]);
      }
    }
  }

  private static GpuTiming.Launches forward(Workbench w, L2NormalizeDims d) {
    DeviceMemory x = w.filled(d.n() * d.c());
    DeviceMemory y = w.out(d.n() * d.c());
    DeviceMemory inverse = w.outF32(d.n());
    return gpu -> L2NormalizeCuda.forward(gpu, d, w.precision(), x, y, inverse);
  }

  private static GpuTiming.Launches backward(Workbench w, L2NormalizeDims d) {
    DeviceMemory y = w.filled(d.n() * d.c());
    DeviceMemory dy = w.filled(d.n() * d.c());
    DeviceMemory dx = w.out(d.n() * d.c());
    DeviceMemory inverse = w.filledF32(d.n());
    return gpu -> L2NormalizeCuda.backward(gpu, d, w.precision(), y, inverse, dy, dx);
  }
}
