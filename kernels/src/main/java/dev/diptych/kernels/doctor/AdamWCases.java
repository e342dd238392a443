package dev.diptych.kernels.doctor;

import dev.diptych.kernels.adamw.AdamWCuda;
import dev.diptych.kernels.adamw.AdamWReference;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.cuda.DeviceMemory;
import java.util.Arrays;

/** Cases and timings of AdamW. */
final class AdamWCases {
  private static final int[][] RANGES = {
    {1, 0, 1},
    {2, 0, 2},
    {3, 1, 3},
    {4, 0, 4},
    {33, 0, 33},
    {100, 50, 50},
    {1024, 0, 1024},
    {1025, 0, 1025},
    {3001, 17, 2500}
  };

  private AdamWCases() {}

  static void addTo(Suite suite) {
    for (int[] range : RANGES) {
      suite.check(
          "adamw " + range[1] + " to " + range[2] + " of " + range[0],
          w -> tenSteps(w, range[0], range[1], range[2]));
    }
    suite.check("adamw with a NaN among the gradients", AdamWCases::special);
    int n = 1 << 26;
    suite.time(
        "adamw 2^26",
        AdamWStep.cost(n),
        w -> {
          DeviceMemory p = w.filled(n);
          DeviceMemory g = w.filled(n);
          DeviceMemory m = w.filled(n);
          DeviceMemory v = w.filled(n);
          return gpu -> AdamWCuda.update(gpu, step(7, 0.2, 1), p, g, m, v, 0, n);
        });
  }

  private static AdamWStep step(long t, double weightDecay, double gradientScale) {
    return new AdamWStep(t, 1e-2, 0.9, 0.98, 1e-6, weightDecay, gradientScale);
  }

  private static void tenSteps(Workbench w, int n, int begin, int end) {
    double[] p = w.normal(1, n);
    double[] m = new double[n];
    double[] v = new double[n];
    DeviceMemory gp = w.in(p);
    DeviceMemory gm = w.in(m);
    DeviceMemory gv = w.in(v);
    for (int t = 1; t <= 10; t++) {
      double[] g = w.normal(t + 10, n);
      AdamWReference.update(step(t, 0.2, 0.5), p, g, m, v, begin, end);
      AdamWCuda.update(w.gpu(), step(t, 0.2, 0.5), gp, w.in(g), gm, gv, begin, end);
    }
    w.check("p", p, gp, 5e-6);
    w.check("m", m, gm, 1e-6);
    w.check("v", v, gv, 1e-6);
  }

  private static void special(Workbench w) {
    DeviceMemory p = w.in(1, 2, 3, 4);
    DeviceMemory g = w.in(1, Double.NaN, 1, Double.POSITIVE_INFINITY);
    AdamWCuda.update(w.gpu(), step(1, 0, 1), p, g, w.in(new double[4]), w.in(new double[4]), 0, 4);
    double[] found = w.read(p);
    for (int i = 0; i < found.length; i++) {
      if (Double.isFinite(found[i]) != (i % 2 == 0)) {
        throw new GpuMismatch("the parameters are " + Arrays.toString(found));
      }
    }
  }
}
