package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.elementwise.ElementwiseCuda;
import dev.diptych.kernels.elementwise.ElementwiseDims;
import dev.diptych.kernels.elementwise.ElementwiseReference;
import dev.diptych.kernels.elementwise.Operation;
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
        suite.check(
            "elementwise " + operation + " backward " + size, w -> backward(w, d, operation));
      }
    }
    for (int n : new int[] {0, 1, 3, 4, 1023, 1025, 3000}) {
      suite.checkBoth("elementwise scale, accumulate " + n, w -> scaleAndAccumulate(w, n));
    }
    suite.checkBoth("elementwise of NaN and infinities", ElementwiseCases::special);

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
    double[] da = new double[d.size()];
    double[] db = w.normal(7, d.c());
    DeviceMemory gda = w.out(d.size());
    DeviceMemory gdb = w.in(db);
    ElementwiseReference.backward(d, operation, a, b, dy, da, db);
    ElementwiseCuda.backward(w.gpu(), d, operation, w.in(a), w.in(b), w.in(dy), gda, gdb);
    w.check("da", da, gda, 1e-6);
    w.check("db", db, gdb, 1e-6 * Math.sqrt(d.n() + 1));
  }

  private static void scaleAndAccumulate(Workbench w, int n) {
    double[] x = w.normal(1, n);
    double[] y = w.normal(2, n);
    DeviceMemory gx = w.in(x);
    DeviceMemory gy = w.in(y);
    ElementwiseReference.accumulate(-1.5, x, y);
    ElementwiseCuda.accumulate(w.gpu(), w.precision(), -1.5f, gx, gy);
    w.check("accumulate", y, gy, 1e-6);
    ElementwiseReference.scale(0.3f, x, y);
    ElementwiseCuda.scale(w.gpu(), w.precision(), 0.3f, gx, gx);
    w.check("scale", y, gx, 1e-6);
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
