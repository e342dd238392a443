package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.stridedcopy.StridedCopyCuda;
import dev.diptych.kernels.stridedcopy.StridedCopyDims;
import dev.diptych.kernels.stridedcopy.StridedCopyReference;
import java.util.Arrays;
import java.util.List;

/** Cases and timings of strided copies. */
final class StridedCopyCases {
  private static final List<StridedCopyDims> VIEWS =
      List.of(
          view(0),
          view(3, 1, 1),
          view(0, 7, 0), // one element, repeated
          view(2, 5, 7, 7, 1), // merges into one run
          view(0, 3, 96, 5, 16, 8, 1), // slices of rows, copied by packs
          view(8, 3, 16, 8, 1, 5, 24, 24, 0), // rows of 8 that are all repeated
          view(1, 3, 16, 8, 1, 5, 24, 24, 0), // the same from an odd place
          view(0, 33, 1, 31, 33), // transposed
          view(0, 64, 0, 5, 1), // a row for each of 64
          view(0, 5, 1, 64, 0), // a column along 64
          view(0, 3, 5, 40, 0, 5, 1, 33, 0), // (3, 1, 5, 1) along (3, 40, 5, 33)
          view(0, 2, 2, 130, 0, 2, 1, 3, 0),
          view(5, 1, 900, 4, 30, 1, 7, 6, 5), // lengths of 1
          view(0, 2, 243, 2, 0, 2, 81, 2, 0, 2, 27, 2, 0, 2, 9, 2, 0), // eight axes that stay eight
          view(0, 3, 12, 0, 4, 2, 1), // nothing
          view(1, 1030, 3), // every third
          view(0, 2049, 1));

  private StridedCopyCases() {}

  /** The offset, then the length and the stride of each axis. */
  private static StridedCopyDims view(int offset, int... axes) {
    int[] dims = new int[axes.length / 2];
    int[] strides = new int[dims.length];
    for (int axis = 0; axis < dims.length; axis++) {
      dims[axis] = axes[2 * axis];
      strides[axis] = axes[2 * axis + 1];
    }
    return new StridedCopyDims(dims, strides, offset);
  }

  private static String name(StridedCopyDims d) {
    return Arrays.toString(d.dims()) + " at " + d.offset() + " by " + Arrays.toString(d.strides());
  }

  static void addTo(Suite suite) {
    for (StridedCopyDims d : VIEWS) {
      suite.checkBoth("strided copy " + name(d), w -> copyAndSum(w, d));
    }
    int side = 1 << 13;
    time(suite, "of rows, every second", view(0, side / 2, 2 * side, side, 1));
    time(suite, "transposed", view(0, side, 1, side, side));
    time(suite, "of a row, repeated", view(0, side, 0, side, 1));
    StridedCopyDims d = view(0, 256, 768, 50, 0, 768, 1);
    GpuTiming.Setup sum =
        w -> {
          DeviceMemory dy = w.filled(d.size());
          DeviceMemory dx = w.in(new double[256 * 768]);
          return gpu -> StridedCopyCuda.backward(gpu, d, 1, w.precision(), dy, w.precision(), dx);
        };
    suite.time("strided copy backward 256×50×768 over 50", d.cost(), sum);
    suite.timeBf16("strided copy backward 256×50×768 over 50", d.cost(), sum);
  }

  private static void time(Suite suite, String what, StridedCopyDims d) {
    GpuTiming.Setup setup =
        w -> {
          DeviceMemory x = w.filled(Math.toIntExact(d.extent()));
          DeviceMemory y = w.out(d.size());
          return gpu -> StridedCopyCuda.forward(gpu, d, w.precision(), x, y);
        };
    suite.time("strided copy " + what, d.cost(), setup);
    suite.timeBf16("strided copy " + what, d.cost(), setup);
  }

  private static void copyAndSum(Workbench w, StridedCopyDims d) {
    int extent = Math.toIntExact(d.extent());
    double[] x = w.normal(1, extent);
    double[] y = new double[d.size()];
    DeviceMemory gy = w.out(y.length);
    StridedCopyReference.forward(d, x, y);
    StridedCopyCuda.forward(w.gpu(), d, w.precision(), w.in(x), gy);
    w.check("y", y, gy, 0);

    double[] dy = w.normal(2, y.length);
    DeviceMemory gdy = w.in(dy);
    for (Precision ofDx : Precision.values()) {
      float scale = ofDx == w.precision() ? 1 : -1;
      double[] dx = Workbench.exactly(ofDx, w.f32Normal(3, extent));
      DeviceMemory gdx = w.in(ofDx, dx);
      StridedCopyReference.backward(d, scale, dy, dx);
      StridedCopyCuda.backward(w.gpu(), d, scale, w.precision(), gdy, ofDx, gdx);
      w.check("dx in " + ofDx, dx, gdx, ofDx, 1e-6 * Math.sqrt(y.length + 1));
    }
  }
}
