package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.embedding.EmbeddingCuda;
import dev.diptych.kernels.embedding.EmbeddingDims;
import dev.diptych.kernels.embedding.EmbeddingPlan;
import dev.diptych.kernels.embedding.EmbeddingReference;
import dev.diptych.kernels.embedding.GatherCuda;
import dev.diptych.kernels.embedding.GatherDims;
import dev.diptych.kernels.embedding.GatherReference;
import java.util.Random;

/** Cases and timings of embedding and gather. */
final class EmbeddingCases {
  private static final int[][] SIZES = {
    {1, 1, 1, 1},
    {2, 2, 3, 2},
    {1, 3, 5, 3},
    {3, 5, 7, 4},
    {2, 7, 9, 15},
    {3, 3, 9, 17},
    {2, 77, 49, 63},
    {2, 9, 49, 129},
    {5, 77, 300, 130},
    {8, 60, 3, 8},
    {1, 64, 1, 4},
    {1, 65, 1, 4},
    {1, 129, 1, 132},
    {5, 13, 2, 31},
    {1, 3300, 90_000, 1}, // more pieces than blocks
    {0, 4, 5, 8}
  };
  private static final int[][] GATHERS = {
    {1, 1, 1}, {2, 3, 4}, {3, 7, 17}, {9, 20, 133}, {0, 3, 4}
  };

  private EmbeddingCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      EmbeddingDims d = new EmbeddingDims(size[0], size[1], size[2], size[3]);
      suite.checkBoth(
          "embedding %d×%d of %d×%d".formatted(d.b(), d.t(), d.v(), d.c()), w -> embedding(w, d));
    }
    for (int[] size : GATHERS) {
      GatherDims d = new GatherDims(size[0], size[1], size[2]);
      suite.checkBoth("gather %d×%d×%d".formatted(d.b(), d.t(), d.c()), w -> gather(w, d));
    }
    EmbeddingDims d = new EmbeddingDims(512, 77, 49_408, 512);
    GpuTiming.Setup forward =
        w -> {
          DeviceMemory ids = w.ints(ids(1, d.tokens(), d.v()));
          DeviceMemory table = w.filledF32(d.v() * d.c());
          DeviceMemory positions = w.filledF32(d.t() * d.c());
          DeviceMemory y = w.out(d.tokens() * d.c());
          return gpu -> EmbeddingCuda.forward(gpu, d, w.precision(), ids, table, positions, y);
        };
    GpuTiming.Setup backward =
        w -> {
          DeviceMemory plan = w.ints(EmbeddingPlan.of(ids(1, d.tokens(), d.v())).packed());
          DeviceMemory dy = w.filled(d.tokens() * d.c());
          DeviceMemory dTable = w.filledF32(d.v() * d.c());
          DeviceMemory dPositions = w.filledF32(d.t() * d.c());
          return gpu -> EmbeddingCuda.backward(gpu, d, w.precision(), plan, dy, dTable, dPositions);
        };
    suite.time("embedding forward 512×77×512", d.forwardCost(), forward);
    suite.timeBf16("embedding forward 512×77×512", d.forwardCost(), forward);
    suite.time("embedding backward 512×77×512", d.backwardCost(), backward);
    suite.timeBf16("embedding backward 512×77×512", d.backwardCost(), backward);
  }

  /** 0 again and again, as padding is. */
  private static int[] ids(int seed, int length, int limit) {
    Random random = new Random(seed);
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = i % 3 == 0 ? 0 : random.nextInt(limit);
    }
    return ids;
  }

  private static void embedding(Workbench w, EmbeddingDims d) {
    int[] ids = ids(d.b() + d.c(), d.tokens(), d.v());
    double[] table = w.f32Normal(1, d.v() * d.c());
    double[] positions = w.f32Normal(2, d.t() * d.c());
    double[] y = new double[d.tokens() * d.c()];
    DeviceMemory gTable = w.inF32(table);
    DeviceMemory gPositions = w.inF32(positions);
    DeviceMemory gy = w.out(y.length);
    EmbeddingReference.forward(d, ids, table, positions, y);
    EmbeddingCuda.forward(w.gpu(), d, w.precision(), w.ints(ids), gTable, gPositions, gy);
    w.check("y", y, gy, 1e-6);
    double[] dy = w.normal(3, y.length);
    EmbeddingReference.backward(d, ids, dy, table, positions);
    DeviceMemory plan = w.ints(EmbeddingPlan.of(ids).packed());
    EmbeddingCuda.backward(w.gpu(), d, w.precision(), plan, w.in(dy), gTable, gPositions);
    w.checkF32("dTable", table, gTable, 1e-5);
    w.checkF32("dPositions", positions, gPositions, 1e-5);
  }

  private static void gather(Workbench w, GatherDims d) {
    int[] index = new int[d.b()];
    for (int i = 0; i < index.length; i++) {
      index[i] = (i * 5 + d.t() - 1) % d.t();
    }
    double[] x = w.normal(1, d.b() * d.t() * d.c());
    double[] y = new double[d.b() * d.c()];
    double[] dx = new double[x.length];
    GatherReference.forward(d, x, index, y);
    GatherReference.backward(d, index, y, dx);
    DeviceMemory gIndex = w.ints(index);
    DeviceMemory gy = w.out(y.length);
    DeviceMemory gdx = w.out(x.length);
    GatherCuda.forward(w.gpu(), d, w.precision(), w.in(x), gIndex, gy);
    w.check("y", y, gy, 0);
    GatherCuda.backward(w.gpu(), d, w.precision(), gIndex, gy, gdx);
    w.check("dx", dx, gdx, 0);
  }
}
