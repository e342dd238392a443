package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCuda;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.kernels.gelu.GeluReference;
import dev.diptych.kernels.relu.ReluCuda;
import dev.diptych.kernels.relu.ReluDims;
import dev.diptych.kernels.relu.ReluReference;

/** Cases and timings of both GELUs and the rectifier. */
final class ActivationCases {
  private static final int[] SIZES = {0, 1, 2, 3, 4, 31, 33, 255, 1023, 1024, 1025, 4097};
  private static final double INFINITY = Double.POSITIVE_INFINITY;
  private static final double[] SPECIAL = {
    Double.NaN, INFINITY, -INFINITY, 0, -0.0, 1e-30, -1e-30, 100, -100, 1e6, -1e6, 3e38, -1e37
  };

  private ActivationCases() {}

  static void addTo(Suite suite) {
    for (Activation activation : Activation.values()) {
      for (int n : SIZES) {
        suite.checkBoth(activation + " " + n, w -> gelu(w, activation, wide(w, n)));
      }
      suite.check(activation + " of NaN, infinities, huge", w -> special(w, activation));
      GeluDims d = new GeluDims(1 << 26, activation);
      GpuTiming.Setup forward =
          w -> {
            DeviceMemory x = w.filled(d.n());
            DeviceMemory y = w.out(d.n());
            return gpu -> GeluCuda.forward(gpu, d, w.precision(), x, y);
          };
      GpuTiming.Setup backward =
          w -> {
            DeviceMemory x = w.filled(d.n());
            DeviceMemory dy = w.filled(d.n());
            DeviceMemory dx = w.out(d.n());
            return gpu -> GeluCuda.backward(gpu, d, w.precision(), x, dy, dx);
          };
      suite.time(activation + " forward 2^26", d.forwardCost(), forward);
      suite.timeBf16(activation + " forward 2^26", d.forwardCost(), forward);
      suite.time(activation + " backward 2^26", d.backwardCost(), backward);
    }
    for (int n : SIZES) {
      suite.checkBoth("relu " + n, w -> relu(w, wide(w, n)));
    }
    suite.checkBoth("relu of NaN, infinities", w -> relu(w, SPECIAL.clone()));
  }

  /** Far out in both tails too. */
  private static double[] wide(Workbench w, int n) {
    double[] x = w.normal(n, n);
    for (int i = 0; i < n; i++) {
      x[i] *= 1 << i % 5;
    }
    return x;
  }

  private static void gelu(Workbench w, Activation activation, double[] x) {
    GeluDims d = new GeluDims(x.length, activation);
    double[] dy = w.normal(3, d.n());
    double[] y = new double[d.n()];
    double[] dx = new double[d.n()];
    GeluReference.forward(d, x, y);
    GeluReference.backward(d, x, dy, dx);
    DeviceMemory gx = w.in(x);
    DeviceMemory gy = w.out(d.n());
    DeviceMemory gdx = w.out(d.n());
    GeluCuda.forward(w.gpu(), d, w.precision(), gx, gy);
    GeluCuda.backward(w.gpu(), d, w.precision(), gx, w.in(dy), gdx);
    w.check("y", y, gy, 1e-6);
    w.check("dx", dx, gdx, 2e-6);
    GeluCuda.forward(w.gpu(), d, w.precision(), gx, gx);
    w.check("y in place", y, gx, 1e-6);
  }

  private static void special(Workbench w, Activation activation) {
    double[] x = Workbench.exactly(w.precision(), SPECIAL);
    GeluDims d = new GeluDims(x.length, activation);
    double[] expected = new double[x.length];
    GeluReference.forward(d, x, expected);
    DeviceMemory gx = w.in(x);
    DeviceMemory gy = w.out(x.length);
    GeluCuda.forward(w.gpu(), d, w.precision(), gx, gy);
    double[] y = w.read(gy);
    for (int i = 0; i < x.length; i++) {
      boolean close =
          Double.isFinite(expected[i])
              ? Math.abs(y[i] - expected[i]) <= 1e-6 * Math.abs(expected[i]) + Float.MIN_NORMAL
              : Double.compare(y[i], expected[i]) == 0;
      if (!close) {
        throw new GpuMismatch("y(" + x[i] + ") is " + y[i] + ", not " + expected[i]);
      }
    }
    double[] ones = new double[x.length];
    java.util.Arrays.fill(ones, 1);
    GeluCuda.backward(w.gpu(), d, w.precision(), gx, w.in(ones), gy);
    double[] slope = w.read(gy);
    if (!Double.isNaN(slope[0])
        || Math.abs(slope[3] - 0.5) > 1e-6
        || slope[7] != 1
        || Math.abs(slope[8]) > 1e-20
        || slope[9] != 1
        || Math.abs(slope[10]) > 1e-20) {
      throw new GpuMismatch("the slopes far out are " + java.util.Arrays.toString(slope));
    }
  }

  private static void relu(Workbench w, double[] values) {
    double[] x = Workbench.exactly(w.precision(), values);
    ReluDims d = new ReluDims(x.length);
    double[] dy = w.normal(3, d.n());
    double[] y = new double[d.n()];
    double[] dx = new double[d.n()];
    ReluReference.forward(d, x, y);
    ReluReference.backward(d, y, dy, dx);
    DeviceMemory gy = w.out(d.n());
    DeviceMemory gdx = w.out(d.n());
    ReluCuda.forward(w.gpu(), d, w.precision(), w.in(x), gy);
    ReluCuda.backward(w.gpu(), d, w.precision(), gy, w.in(dy), gdx);
    w.check("y", y, gy, 0);
    w.check("dx", dx, gdx, 0);
  }
}
