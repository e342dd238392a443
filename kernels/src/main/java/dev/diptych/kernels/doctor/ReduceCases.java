package dev.diptych.kernels.doctor;

import dev.diptych.kernels.adamw.AdamWReference;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.memory.Cost;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;
import dev.diptych.kernels.reduce.ReduceReference;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Cases and timings of reductions. */
final class ReduceCases {
  private static final int[][] SIZES = {
    {1, 1}, {2, 2}, {3, 3}, {1, 4}, {5, 7}, {4, 15}, {3, 17}, {9, 31}, {7, 33}, {63, 5}, {64, 5},
    {65, 5}, {200, 64}, {2, 1025}, {70, 130}, {67, 128}, {9, 132}, {71, 264}, {9000, 1}, {1, 9000},
    {0, 8}, {3, 0}
  };

  private ReduceCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      ReduceDims d = new ReduceDims(size[0], size[1]);
      suite.checkBoth("reduce " + d.n() + "×" + d.c(), w -> sumsOfRows(w, d));
      suite.check("reduce columns " + d.n() + "×" + d.c(), w -> sums(w, d));
      if (d.c() > 0) {
        suite.check("reduce max " + d.n() + "×" + d.c(), w -> max(w, d, w.normal(1, d.size())));
      }
    }
    suite.check("reduce max of equals, NaN, infinities", ReduceCases::specialMax);
    for (int n : new int[] {0, 1, 2, 255, 257, 4095, 4096, 4097, 12_301}) {
      suite.check("reduce sum of squares " + n, w -> squares(w, w.normal(n, n)));
    }
    suite.check(
        "reduce sum of squares that overflow f32",
        w -> squares(w, new double[] {(float) 3e38, (float) 2e38}));
    suite.check("reduce sum of squares with NaN", w -> squares(w, new double[] {1, Double.NaN}));

    ReduceDims d = new ReduceDims(50 * 1024, 768);
    GpuTiming.Setup sumRows =
        w -> {
          DeviceMemory x = w.filled(d.size());
          DeviceMemory sum = w.inF32(new double[d.c()]);
          return gpu -> ReduceCuda.sumRows(gpu, d, w.precision(), 1, x, sum);
        };
    suite.time("reduce sum of rows 51200×768", d.forwardCost(), sumRows);
    suite.timeBf16("reduce sum of rows 51200×768", d.forwardCost(), sumRows);
    int n = 1 << 26;
    suite.time(
        "reduce sum of squares 2^26",
        new Cost(4L * n, 2L * n),
        w -> {
          DeviceMemory x = w.filled(n);
          DeviceMemory sum = w.outDoubles(1);
          return gpu -> ReduceCuda.sumOfSquares(gpu, x, sum);
        });
  }

  private static void sumsOfRows(Workbench w, ReduceDims d) {
    double[] x = w.normal(d.n(), d.size());
    double[] other = w.normal(d.c(), d.size());
    DeviceMemory gx = w.in(x);
    double tolerance = 2e-7 * Math.sqrt(d.size() + 1);
    DeviceMemory gSum = w.outF32(1);
    ReduceCuda.sum(w.gpu(), w.precision(), 0.3f, gx, gSum);
    double[] sum = {ReduceReference.sum(x, 0.3f)};
    w.checkF32("sum", sum, gSum, 3 * tolerance * Math.sqrt(d.size() + 1));

    double[] rows = w.f32Normal(3, d.c());
    DeviceMemory gRows = w.inF32(rows);
    ReduceReference.sumRows(d, 0.3f, x, rows);
    ReduceReference.sumRowsOfProducts(d, x, other, rows);
    ReduceCuda.sumRows(w.gpu(), d, w.precision(), 0.3f, gx, gRows);
    ReduceCuda.sumRowsOfProducts(w.gpu(), d, w.precision(), gx, w.in(other), gRows);
    w.checkF32("rows", rows, gRows, 5 * tolerance);
  }

  private static void sums(Workbench w, ReduceDims d) {
    double[] x = w.normal(d.n(), d.size());
    DeviceMemory gx = w.in(x);
    double tolerance = 2e-7 * Math.sqrt(d.size() + 1);
    double[] columns = new double[d.n()];
    DeviceMemory gColumns = w.out(d.n());
    ReduceReference.sumColumns(d, 0.3f, x, columns);
    ReduceCuda.sumColumns(w.gpu(), d, 0.3f, gx, gColumns);
    w.check("columns", columns, gColumns, 5 * tolerance);

    double[] dx = new double[d.size()];
    double[] rows = w.normal(3, d.c());
    DeviceMemory gdx = w.out(d.size());
    ReduceReference.sumRowsBackward(d, 0.3f, rows, dx);
    ReduceCuda.sumRowsBackward(w.gpu(), d, 0.3f, w.in(rows), gdx);
    w.check("rows backward", dx, gdx, 1e-6);
    ReduceReference.sumColumnsBackward(d, 0.3f, columns, dx);
    ReduceCuda.sumColumnsBackward(w.gpu(), d, 0.3f, w.in(columns), gdx);
    w.check("columns backward", dx, gdx, 1e-6);
  }

  private static void max(Workbench w, ReduceDims d, double[] x) {
    double[] max = new double[d.n()];
    int[] index = new int[d.n()];
    ReduceReference.max(d, x, max, index);
    DeviceMemory gMax = w.out(d.n());
    DeviceMemory gIndex = w.out(d.n());
    ReduceCuda.max(w.gpu(), d, w.in(x), gMax, gIndex);
    w.check("max", max, gMax, 0);
    w.checkInts("index", index, gIndex);
    double[] dy = w.normal(9, d.n());
    double[] dx = new double[d.size()];
    ReduceReference.maxBackward(d, index, dy, dx);
    DeviceMemory gdx = w.out(d.size());
    ReduceCuda.maxBackward(w.gpu(), d, gIndex, w.in(dy), gdx);
    w.check("max backward", dx, gdx, 0);
  }

  private static void specialMax(Workbench w) {
    double[] x = new double[5 * 40];
    x[17] = 3;
    x[39] = 3;
    x[40 + 20] = Double.POSITIVE_INFINITY;
    x[40 + 25] = Double.NaN;
    x[40 + 38] = Double.NaN;
    Arrays.fill(x, 80, 120, Double.NEGATIVE_INFINITY);
    x[120] = Double.NaN;
    x[160 + 39] = 1e-40f; // subnormal
    max(w, new ReduceDims(5, 40), x);
    Arrays.fill(x, Double.NEGATIVE_INFINITY);
    max(w, new ReduceDims(20, 10), x);
  }

  private static void squares(Workbench w, double[] x) {
    DeviceMemory sum = w.outDoubles(1);
    ReduceCuda.sumOfSquares(w.gpu(), w.in(x), sum);
    double[] found = new double[1];
    w.gpu().copyOut(sum, MemorySegment.ofArray(found));
    double expected = AdamWReference.sumOfSquares(x);
    boolean close =
        Double.isNaN(expected)
            ? Double.isNaN(found[0])
            : Math.abs(found[0] - expected) <= 1e-12 * expected;
    if (!close) {
      throw new GpuMismatch("the sum of squares is " + found[0] + ", not " + expected);
    }
  }
}
