package dev.diptych.kernels.doctor;

import dev.diptych.kernels.averagepool.AveragePoolCuda;
import dev.diptych.kernels.averagepool.AveragePoolDims;
import dev.diptych.kernels.averagepool.AveragePoolReference;
import dev.diptych.kernels.cuda.DeviceMemory;

/** Cases and timings of average pooling. */
final class AveragePoolCases {
  /** B, H, W, C, K: lines and columns left over, no squares at all, lines longer than a block. */
  private static final int[][] SIZES = {
    {1, 1, 1, 1, 1}, {1, 2, 2, 1, 2}, {2, 4, 6, 3, 2}, {3, 5, 7, 4, 2}, {1, 7, 5, 32, 2},
    {2, 3, 9, 33, 3}, {2, 7, 8, 8, 3}, {1, 2, 5, 130, 2}, {1, 2, 18, 132, 2}, {2, 1, 3, 4, 2},
    {2, 3, 1, 5, 2}, {0, 4, 4, 4, 2}, {1, 5, 5, 4, 5}
  };

  private AveragePoolCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      AveragePoolDims d = new AveragePoolDims(size[0], size[1], size[2], size[3], size[4]);
      suite.checkBoth("averagepool " + name(d), w -> squares(w, d));
    }
    suite.checkBoth("averagepool of NaN and infinity", AveragePoolCases::special);
    for (int[] size : new int[][] {{112, 64}, {56, 256}}) {
      AveragePoolDims d = new AveragePoolDims(64, size[0], size[0], size[1], 2);
      suite.time("averagepool forward " + name(d), d.cost(), w -> forward(w, d));
      suite.timeBf16("averagepool forward " + name(d), d.cost(), w -> forward(w, d));
      suite.time("averagepool backward " + name(d), d.cost(), w -> backward(w, d));
      suite.timeBf16("averagepool backward " + name(d), d.cost(), w -> backward(w, d));
    }
  }

  private static String name(AveragePoolDims d) {
    return d.b() + "×" + d.height() + "×" + d.width() + "×" + d.c() + " by " + d.k();
  }

  private static void squares(Workbench w, AveragePoolDims d) {
    double[] x = w.normal(1, d.inputFloats());
    double[] y = new double[d.outputFloats()];
    AveragePoolReference.forward(d, x, y);
    DeviceMemory gy = w.out(y.length);
    AveragePoolCuda.forward(w.gpu(), d, w.precision(), w.in(x), gy);
    w.check("y", y, gy, 5e-7);
    double[] dy = w.normal(2, y.length);
    double[] dx = new double[x.length];
    AveragePoolReference.backward(d, dy, dx);
    DeviceMemory gdx = w.out(x.length);
    AveragePoolCuda.backward(w.gpu(), d, w.precision(), w.in(dy), gdx);
    w.check("dx", dx, gdx, 5e-7);
  }

  /** What is left over counts nowhere, not even if it is NaN. */
  private static void special(Workbench w) {
    AveragePoolDims d = new AveragePoolDims(1, 3, 5, 4, 2);
    double[] x = w.normal(3, d.inputFloats());
    x[3] = Double.NaN;
    x[2 * 4] = Double.NEGATIVE_INFINITY;
    x[4 * 4] = Double.NaN;
    x[2 * 5 * 4] = Double.NaN;
    double[] y = new double[d.outputFloats()];
    AveragePoolReference.forward(d, x, y);
    DeviceMemory gy = w.out(y.length);
    AveragePoolCuda.forward(w.gpu(), d, w.precision(), w.in(x), gy);
    w.check("y", y, gy, 5e-7);
  }

  private static GpuTiming.Launches forward(Workbench w, AveragePoolDims d) {
    DeviceMemory x = w.filled(d.inputFloats());
    DeviceMemory y = w.out(d.outputFloats());
    return gpu -> AveragePoolCuda.forward(gpu, d, w.precision(), x, y);
  }

  private static GpuTiming.Launches backward(Workbench w, AveragePoolDims d) {
    DeviceMemory dy = w.filled(d.outputFloats());
    DeviceMemory dx = w.out(d.inputFloats());
    return gpu -> AveragePoolCuda.backward(gpu, d, w.precision(), dy, dx);
  }
}
