package dev.diptych.kernels.doctor;

import dev.diptych.kernels.adamw.AdamWCuda;
import dev.diptych.kernels.adamw.AdamWReference;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.GpuGraph;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.reduce.ReduceCuda;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

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
    suite.check("adamw with a scale that is NaN", AdamWCases::passedOver);
    for (int steps : new int[] {1, 2, 33}) {
      suite.check("adamw clip of " + steps + " steps", w -> clip(w, steps));
    }
    suite.check("adamw captured as a graph", AdamWCases::captured);
    addTimings(suite);
  }

  private static void addTimings(Suite suite) {
    int n = 1 << 26;
    suite.time("adamw 2^26", AdamWStep.cost(n), w -> timed(w, n, null));
    suite.time(
        "adamw 2^26 with operands in bf16",
        AdamWStep.costWithOperands(n),
        w -> timed(w, n, w.out(Precision.BF16, n)));
  }

  private static GpuTiming.Launches timed(Workbench w, int n, @Nullable DeviceMemory operands) {
    DeviceMemory p = w.filled(n);
    DeviceMemory g = w.filled(n);
    DeviceMemory m = w.filled(n);
    DeviceMemory v = w.filled(n);
    DeviceMemory step = in(w, step(7, 0.2, 1));
    return gpu -> AdamWCuda.update(gpu, step, p, g, m, v, 0, n, operands);
  }

  /** Packed steps, one behind the other. */
  private static DeviceMemory in(Workbench w, AdamWStep... steps) {
    double[] packed = new double[8 * steps.length];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = steps[i / 8].packed()[i % 8];
    }
    return w.inF32(packed);
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
    double[] untouched = w.normal(2, n);
    DeviceMemory operands = w.in(Precision.BF16, untouched);
    for (int t = 1; t <= 10; t++) {
      double[] g = w.normal(t + 10, n);
      AdamWStep step = step(t, 0.2, 0.5);
      AdamWReference.update(step, p, g, m, v, begin, end);
      DeviceMemory copied = t < 10 ? null : operands;
      AdamWCuda.update(w.gpu(), in(w, step), gp, w.in(g), gm, gv, begin, end, copied);
    }
    w.check("p", p, gp, 5e-6);
    w.check("m", m, gm, 1e-6);
    w.check("v", v, gv, 1e-6);
    double[] expected = untouched.clone();
    System.arraycopy(w.read(gp), begin, expected, begin, end - begin);
    w.check("operands", Workbench.exactly(Precision.BF16, expected), operands, Precision.BF16, 0);
  }

  private static void special(Workbench w) {
    DeviceMemory p = w.in(1, 2, 3, 4);
    DeviceMemory g = w.in(1, Double.NaN, 1, Double.POSITIVE_INFINITY);
    DeviceMemory m = w.in(new double[4]);
    DeviceMemory v = w.in(new double[4]);
    AdamWCuda.update(w.gpu(), in(w, step(1, 0, 1)), p, g, m, v, 0, 4, null);
    double[] found = w.read(p);
    for (int i = 0; i < found.length; i++) {
      if (Double.isFinite(found[i]) != (i % 2 == 0)) {
        throw new GpuMismatch("the parameters are " + Arrays.toString(found));
      }
    }
  }

  /** Nothing at all changes, in whole blocks and in what is left behind them. */
  private static void passedOver(Workbench w) {
    int n = 1029;
    double[] p = w.normal(1, n);
    double[] m = w.normal(2, n);
    double[] v = w.normal(3, n);
    double[] operands = Workbench.exactly(Precision.BF16, w.normal(4, n));
    DeviceMemory gp = w.in(p);
    DeviceMemory gm = w.in(m);
    DeviceMemory gv = w.in(v);
    DeviceMemory gOperands = w.in(Precision.BF16, operands);
    DeviceMemory step = in(w, step(3, 0.2, Double.NaN));
    AdamWCuda.update(w.gpu(), step, gp, w.in(w.normal(5, n)), gm, gv, 0, n, gOperands);
    w.check("p", p, gp, 0);
    w.check("m", m, gm, 0);
    w.check("v", v, gv, 0);
    w.check("operands", operands, gOperands, Precision.BF16, 0);
  }

  private static void clip(Workbench w, int count) {
    double[] norms = {0, 0.25, 1, 7, 1e30, Double.POSITIVE_INFINITY, Double.NaN};
    double[] losses = {2, Double.NaN, Double.NEGATIVE_INFINITY};
    for (double norm : norms) {
      for (double loss : losses) {
        for (double most : new double[] {0, 1}) {
          clip(w, count, norm, loss, most);
        }
      }
    }
  }

  private static void clip(Workbench w, int count, double norm, double loss, double most) {
    AdamWStep[] steps = new AdamWStep[count];
    double[] expected = new double[8 * count];
    for (int i = 0; i < count; i++) {
      steps[i] = step(i + 1, 0.2, 0.125);
      for (int k = 0; k < 7; k++) {
        expected[8 * i + k] = steps[i].packed()[k];
      }
      expected[8 * i + 7] = AdamWReference.gradientScale(norm, loss, most);
    }
    DeviceMemory packed = in(w, steps);
    DeviceMemory found = w.outF32(1);
    DeviceMemory squares = w.outDoubles(1);
    w.gpu().copyIn(MemorySegment.ofArray(new double[] {norm * norm}), squares);
    AdamWCuda.clip(w.gpu(), squares, w.inF32(loss), (float) most, packed, found);
    w.checkF32("norm", new double[] {norm}, found, 1e-6);
    w.checkF32("steps", expected, packed, 1e-7);
  }

  /**
   * Two segments with the norm of all, captured once and replayed with other gradients and other
   * steps, as a training run does; the last loss is infinite.
   */
  private static void captured(Workbench w) {
    int n = 50;
    int decayed = 30;
    double most = 3;
    double[] p = w.normal(1, n);
    double[] m = new double[n];
    double[] v = new double[n];
    DeviceMemory gp = w.in(p);
    DeviceMemory gm = w.in(m);
    DeviceMemory gv = w.in(v);
    DeviceMemory g = w.in(new double[n]);
    DeviceMemory steps = in(w, step(1, 0.2, 1), step(1, 0, 1));
    DeviceMemory loss = w.inF32(1);
    DeviceMemory squares = w.outDoubles(1);
    DeviceMemory norm = w.outF32(1);
    DeviceMemory first = steps.slice(0, AdamWStep.PACKED_BYTES);
    DeviceMemory second = steps.slice(AdamWStep.PACKED_BYTES, AdamWStep.PACKED_BYTES);
    Runnable step =
        () -> {
          ReduceCuda.sumOfSquares(w.gpu(), g, squares);
          AdamWCuda.clip(w.gpu(), squares, loss, (float) most, steps, norm);
          AdamWCuda.update(w.gpu(), first, gp, g, gm, gv, 0, decayed, null);
          AdamWCuda.update(w.gpu(), second, gp, g, gm, gv, decayed, n, null);
        };
    step.run(); // kernels are captured once they have run; gradients of 0 leave only the decay
    AdamWReference.update(step(1, 0.2, 1), p, new double[n], m, v, 0, decayed);
    try (GpuGraph graph = w.gpu().capture(step)) {
      for (int t = 2; t <= 5; t++) {
        double[] gradients = w.normal(t, n);
        double lossNow = t == 5 ? Double.POSITIVE_INFINITY : t;
        put(w, gradients, g);
        put(w, new double[] {lossNow}, loss);
        w.gpu().copyIn(MemorySegment.ofArray(step(t, 0.2, 1).packed()), first);
        w.gpu().copyIn(MemorySegment.ofArray(step(t, 0, 1).packed()), second);
        graph.replay();
        double length = Math.sqrt(AdamWReference.sumOfSquares(gradients));
        double scale = AdamWReference.gradientScale(length, lossNow, most);
        AdamWReference.update(step(t, 0.2, scale), p, gradients, m, v, 0, decayed);
        AdamWReference.update(step(t, 0, scale), p, gradients, m, v, decayed, n);
        w.checkF32("norm", new double[] {length}, norm, 1e-6);
      }
    }
    w.check("p", p, gp, 5e-6);
    w.check("m", m, gm, 1e-6);
    w.check("v", v, gv, 1e-6);
  }

  private static void put(Workbench w, double[] values, DeviceMemory to) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    w.gpu().copyIn(MemorySegment.ofArray(floats), to);
  }
}
