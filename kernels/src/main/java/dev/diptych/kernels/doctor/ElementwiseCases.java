package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.elementwise.ElementwiseCuda;
import dev.diptych.kernels.elementwise.ElementwiseDims;
import dev.diptych.kernels.elementwise.ElementwiseReference;
import dev.diptych.kernels.elementwise.Operation;
import dev.diptych.kernels.memory.Cost;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;

/** Cases and timings of element-wise operations. */
final class ElementwiseCases {
  private static final List<ElementwiseDims> SIZES =
      List.of(
          new ElementwiseDims(1, 1),
          new ElementwiseDims(1, 2),
          new ElementwiseDims(3, 1),
          new ElementwiseDims(2, 3),
          new ElementwiseDims(5, 7),
          new ElementwiseDims(3, 33),
          new ElementwiseDims(1, 1023),
          new ElementwiseDims(1, 1024),
          new ElementwiseDims(1, 1025),
          new ElementwiseDims(9, 256),
          new ElementwiseDims(130, 17),
          new ElementwiseDims(1, 4099),
          new ElementwiseDims(2000, 1),
          new ElementwiseDims(0, 4),
          new ElementwiseDims(3, 0));

  private ElementwiseCases() {}

  static void addTo(Suite suite) {
    for (ElementwiseDims d : SIZES) {
      String size = d.n() + "×" + d.c();
      for (Operation operation : Operation.values()) {
        suite.checkBoth("elementwise " + operation + " " + size, w -> forward(w, d, operation));
        suite.checkBoth(
            "elementwise " + operation + " backward " + size, w -> backward(w, d, operation));
      }
    }
    for (int n : new int[] {0, 1, 3, 4, 1023, 1025, 3000}) {
      suite.checkBoth("elementwise scale, accumulate " + n, w -> scaleAndAccumulate(w, n));
      suite.checkBoth("elementwise fill, clamp, convert " + n, w -> fillAndConvert(w, n));
    }
    suite.checkBoth("elementwise of NaN and infinities", ElementwiseCases::special);
    suite.check("elementwise convert of ties, NaN, the largest", ElementwiseCases::specialConvert);

    ElementwiseDims large = ElementwiseDims.same(1 << 26);
    GpuTiming.Setup add =
        w -> {
          DeviceMemory a = w.filled(large.size());
          DeviceMemory b = w.filled(large.size());
          DeviceMemory y = w.out(large.size());
          return gpu -> ElementwiseCuda.forward(gpu, large, Operation.ADD, w.precision(), a, b, y);
        };
    suite.time("elementwise add 2^26", large.forwardCost(), add);
    suite.timeBf16("elementwise add 2^26", large.forwardCost(), add);
    int n = large.size();
    suite.time(
        "elementwise convert to bf16 2^26",
        new Cost(6L * n, 0),
        w -> {
          DeviceMemory x = w.filled(n);
          DeviceMemory y = w.out(Precision.BF16, n);
          return gpu -> ElementwiseCuda.convert(gpu, Precision.F32, x, Precision.BF16, y);
        });
  }

  private static void forward(Workbench w, ElementwiseDims d, Operation operation) {
    double[] a = w.normal(d.n(), d.size());
    double[] b = w.normal(d.c() + 1, d.c());
    double[] y = new double[d.size()];
    ElementwiseReference.forward(d, operation, a, b, y);
    DeviceMemory ga = w.in(a);
    DeviceMemory gb = w.in(b);
    DeviceMemory gy = w.out(d.size());
    ElementwiseCuda.forward(w.gpu(), d, operation, w.precision(), ga, gb, gy);
    w.check("y", y, gy, 1e-6);
    ElementwiseCuda.forward(w.gpu(), d, operation, w.precision(), ga, gb, ga);
    w.check("y in place", y, ga, 1e-6);
  }

  private static void backward(Workbench w, ElementwiseDims d, Operation operation) {
    double[] a = w.normal(d.n(), d.size());
    double[] b = w.normal(d.c() + 1, d.c());
    double[] dy = w.normal(d.n() + 2, d.size());
    DeviceMemory ga = w.in(a);
    DeviceMemory gb = w.in(b);
    DeviceMemory gdy = w.in(dy);
    for (Precision ofDb : EnumSet.of(Precision.F32, w.precision())) {
      double[] da = new double[d.size()];
      double[] db = Workbench.exactly(ofDb, w.f32Normal(7, d.c()));
      boolean wantsDa = ofDb == w.precision();
      DeviceMemory gda = w.out(d.size());
      DeviceMemory gdb = w.in(ofDb, db);
      ElementwiseReference.backward(d, operation, a, b, dy, da, db);
      ElementwiseCuda.backward(
          w.gpu(), d, operation, w.precision(), ga, gb, gdy, wantsDa ? gda : null, ofDb, gdb);
      if (wantsDa) {
        w.check("da", da, gda, 1e-6);
      }
      w.check("db in " + ofDb, db, gdb, ofDb, 1e-6 * Math.sqrt(d.n() + 1));
    }
  }

  private static void scaleAndAccumulate(Workbench w, int n) {
    double[] x = w.normal(1, n);
    DeviceMemory gx = w.in(x);
    for (Precision ofY : Precision.values()) {
      double[] y = Workbench.exactly(ofY, w.f32Normal(2, n));
      DeviceMemory gy = w.in(ofY, y);
      ElementwiseReference.accumulate(-1.5, x, y);
      ElementwiseCuda.accumulate(w.gpu(), -1.5f, w.precision(), gx, ofY, gy);
      w.check("accumulate in " + ofY, y, gy, ofY, 1e-6);
    }
    double[] y = new double[n];
    ElementwiseReference.scale(0.3f, x, y);
    ElementwiseCuda.scale(w.gpu(), w.precision(), 0.3f, gx, gx);
    w.check("scale", y, gx, 1e-6);
  }

  private static void fillAndConvert(Workbench w, int n) {
    DeviceMemory filled = w.out(n);
    double[] value = new double[n];
    Arrays.fill(value, 0.3f);
    ElementwiseCuda.fill(w.gpu(), w.precision(), filled, 0.3f);
    w.check("fill", Workbench.exactly(w.precision(), value), filled, 0);

    double[] x = w.normal(3, n);
    DeviceMemory gx = w.in(x);
    for (Precision to : Precision.values()) {
      DeviceMemory y = w.out(to, n);
      ElementwiseCuda.convert(w.gpu(), w.precision(), gx, to, y);
      requireEqual("convert to " + to, Workbench.exactly(to, x), w.read(to, y));
      w.check("convert to " + to, x, y, to, 0);
    }
    DeviceMemory clamped = w.inF32(x);
    double[] within = new double[n];
    for (int i = 0; i < n; i++) {
      within[i] = Math.min(Math.max(x[i], -0.5), 0.75);
    }
    ElementwiseCuda.clamp(w.gpu(), clamped, -0.5f, 0.75f);
    w.checkF32("clamp", within, clamped, 0);
  }

  /** Halves between two numbers of bf16 go to the even one. */
  private static void specialConvert(Workbench w) {
    double[] x = {
      1 + 1.0 / 256,
      1 + 3.0 / 256,
      -1 - 1.0 / 256,
      1 + 1.0 / 256 + 1.0 / (1 << 20),
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      Float.MIN_VALUE,
      -0.0,
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY
    };
    double[] nearest = {
      1,
      1 + 1.0 / 64,
      -1,
      1 + 1.0 / 128,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      0,
      -0.0,
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY
    };
    DeviceMemory y = w.out(Precision.BF16, x.length);
    ElementwiseCuda.convert(w.gpu(), Precision.F32, w.in(x), Precision.BF16, y);
    requireEqual("convert", nearest, w.read(Precision.BF16, y));
    DeviceMemory back = w.out(x.length);
    ElementwiseCuda.convert(w.gpu(), Precision.BF16, y, Precision.F32, back);
    requireEqual("convert back", nearest, w.read(back));
    DeviceMemory clamped = w.in(x);
    ElementwiseCuda.clamp(w.gpu(), clamped, 0, 100);
    double[] found = w.read(clamped);
    if (!Double.isNaN(found[8]) || found[9] != 100 || found[10] != 0) {
      throw new GpuMismatch("clamp makes " + Arrays.toString(found));
    }
  }

  private static void requireEqual(String what, double[] expected, double[] found) {
    int at = Arrays.mismatch(expected, found);
    if (at >= 0) {
      throw new GpuMismatch(
          "%s: element %d is %s, not %s".formatted(what, at, found[at], expected[at]));
    }
  }

  private static void special(Workbench w) {
    double[] a = {Double.NaN, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 0, 1};
    double[] b = {1, Double.POSITIVE_INFINITY, 0, Double.NEGATIVE_INFINITY, Double.NaN};
    ElementwiseDims d = ElementwiseDims.same(a.length);
    for (Operation operation : Operation.values()) {
      double[] y = new double[a.length];
      DeviceMemory gy = w.out(a.length);
      ElementwiseReference.forward(d, operation, a, b, y);
      ElementwiseCuda.forward(w.gpu(), d, operation, w.precision(), w.in(a), w.in(b), gy);
      w.check(operation.toString(), y, gy, 0);
    }
  }
}
