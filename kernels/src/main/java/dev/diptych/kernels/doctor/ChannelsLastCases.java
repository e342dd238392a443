package dev.diptych.kernels.doctor;

import dev.diptych.kernels.channelslast.ChannelsLastCuda;
import dev.diptych.kernels.channelslast.ChannelsLastDims;
import dev.diptych.kernels.channelslast.ChannelsLastReference;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.memory.Cost;

/** Cases and timings of the permutation to channels last. */
final class ChannelsLastCases {
  /** B, C, S: a picture below, at and above a block's 1024 elements. */
  private static final int[][] SIZES = {
    {1, 1, 1},
    {2, 3, 1},
    {3, 2, 3},
    {2, 3, 49},
    {1, 3, 341},
    {2, 4, 256},
    {3, 3, 342},
    {2, 5, 410},
    {1, 1, 1023},
    {2, 33, 65},
    {0, 3, 4},
    {2, 0, 4},
    {2, 3, 0}
  };

  private ChannelsLastCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      ChannelsLastDims d = new ChannelsLastDims(size[0], size[1], size[2]);
      suite.checkBoth("channelslast " + name(d), w -> both(w, d));
    }
    ChannelsLastDims d = new ChannelsLastDims(256, 3, 224 * 224);
    Cost cost = d.cost();
    // timeBf16 halves the bytes, but what has channels first stays f32: 6 bytes an element, not 4.
    Cost mixed = new Cost(cost.bytes() / 2 * 3, cost.flops());
    suite.time("channelslast forward " + name(d), cost, w -> forward(w, d));
    suite.timeBf16("channelslast forward " + name(d), mixed, w -> forward(w, d));
    suite.time("channelslast backward " + name(d), cost, w -> backward(w, d));
    suite.timeBf16("channelslast backward " + name(d), mixed, w -> backward(w, d));
  }

  private static String name(ChannelsLastDims d) {
    return d.b() + "×" + d.c() + "×" + d.s();
  }

  private static void both(Workbench w, ChannelsLastDims d) {
    double[] x = w.f32Normal(1, d.size());
    double[] y = new double[d.size()];
    if (y.length > 2) {
      x[0] = Double.NaN;
      x[1] = Double.NEGATIVE_INFINITY;
    }
    DeviceMemory gy = w.out(y.length);
    ChannelsLastReference.forward(d, x, y);
    ChannelsLastCuda.forward(w.gpu(), d, w.precision(), w.inF32(x), gy);
    w.check("y", y, gy, 0);

    double[] dy = w.normal(2, d.size());
    double[] dx = new double[d.size()];
    DeviceMemory gdx = w.outF32(dx.length);
    ChannelsLastReference.backward(d, dy, dx);
    ChannelsLastCuda.backward(w.gpu(), d, w.precision(), w.in(dy), gdx);
    w.checkF32("dx", dx, gdx, 0);
  }

  private static GpuTiming.Launches forward(Workbench w, ChannelsLastDims d) {
    DeviceMemory x = w.outF32(d.size()); // of any content
    DeviceMemory y = w.out(d.size());
    return gpu -> ChannelsLastCuda.forward(gpu, d, w.precision(), x, y);
  }

  private static GpuTiming.Launches backward(Workbench w, ChannelsLastDims d) {
    DeviceMemory dy = w.filled(d.size());
    DeviceMemory dx = w.outF32(d.size());
    return gpu -> ChannelsLastCuda.backward(gpu, d, w.precision(), dy, dx);
  }
}
