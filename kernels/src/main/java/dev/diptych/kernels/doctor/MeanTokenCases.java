package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.meantoken.MeanTokenCuda;
import dev.diptych.kernels.meantoken.MeanTokenDims;
import dev.diptych.kernels.meantoken.MeanTokenReference;

/** Cases and timings of the tokens of attention pooling. */
final class MeanTokenCases {
  /** B, T, C: more pictures and tokens than a block takes at once, too. */
  private static final int[][] SIZES = {
    {1, 1, 1},
    {2, 2, 3},
    {3, 3, 4},
    {1, 5, 32},
    {2, 7, 33},
    {9, 9, 130},
    {11, 17, 132},
    {33, 2, 64},
    {2, 260, 1},
    {300, 1, 1},
    {0, 3, 8}
  };

  private MeanTokenCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      MeanTokenDims d = new MeanTokenDims(size[0], size[1], size[2]);
      suite.checkBoth("meantoken " + name(d), w -> tokens(w, d));
    }
    suite.checkBoth("meantoken of NaN and infinity", MeanTokenCases::special);
    MeanTokenDims d = new MeanTokenDims(64, 49, 2048);
    suite.time("meantoken forward " + name(d), d.forwardCost(), w -> forward(w, d));
    suite.timeBf16("meantoken forward " + name(d), d.forwardCost(), w -> forward(w, d));
    suite.time("meantoken backward " + name(d), d.backwardCost(), w -> backward(w, d));
    suite.timeBf16("meantoken backward " + name(d), d.backwardCost(), w -> backward(w, d));
  }

  private static String name(MeanTokenDims d) {
    return d.b() + "×" + d.t() + "×" + d.c();
  }

  private static int positions(MeanTokenDims d) {
    return (d.t() + 1) * d.c();
  }

  private static void tokens(Workbench w, MeanTokenDims d) {
    double[] x = w.normal(1, d.b() * d.t() * d.c());
    double[] positions = w.f32Normal(2, positions(d));
    double[] y = new double[d.b() * positions(d)];
    MeanTokenReference.forward(d, x, positions, y);
    DeviceMemory gy = w.out(y.length);
    MeanTokenCuda.forward(w.gpu(), d, w.precision(), w.in(x), w.inF32(positions), gy);
    w.check("y", y, gy, 1e-6);

    // dPositions is added to what is there.
    double[] dy = w.normal(3, y.length);
    double[] dx = new double[x.length];
    double[] dPositions = w.f32Normal(4, positions(d));
    DeviceMemory gdx = w.out(x.length);
    DeviceMemory gdPositions = w.inF32(dPositions);
    MeanTokenReference.backward(d, dy, dx, dPositions);
    MeanTokenCuda.backward(w.gpu(), d, w.precision(), w.in(dy), gdx, gdPositions);
    w.check("dx", dx, gdx, 1e-6);
    w.checkF32("dPositions", dPositions, gdPositions, 2e-6);
  }

  private static void special(Workbench w) {
    MeanTokenDims d = new MeanTokenDims(2, 3, 5);
    double[] x = w.normal(5, 30);
    x[4] = Double.NaN;
    x[16] = Double.NEGATIVE_INFINITY;
    double[] positions = w.f32Normal(6, 20);
    double[] y = new double[40];
    MeanTokenReference.forward(d, x, positions, y);
    DeviceMemory gy = w.out(40);
    MeanTokenCuda.forward(w.gpu(), d, w.precision(), w.in(x), w.inF32(positions), gy);
    w.check("y", y, gy, 1e-6);
  }

  private static GpuTiming.Launches forward(Workbench w, MeanTokenDims d) {
    DeviceMemory x = w.filled(d.b() * d.t() * d.c());
    DeviceMemory positions = w.inF32(w.f32Normal(1, positions(d)));
    DeviceMemory y = w.out(d.b() * positions(d));
    return gpu -> MeanTokenCuda.forward(gpu, d, w.precision(), x, positions, y);
  }

  private static GpuTiming.Launches backward(Workbench w, MeanTokenDims d) {
    DeviceMemory dy = w.filled(d.b() * positions(d));
    DeviceMemory dx = w.out(d.b() * d.t() * d.c());
    DeviceMemory dPositions = w.inF32(new double[positions(d)]);
    return gpu -> MeanTokenCuda.backward(gpu, d, w.precision(), dy, dx, dPositions);
  }
}
