package dev.diptych.kernels.doctor;

import dev.diptych.kernels.conv2d.Conv2dCuda;
import dev.diptych.kernels.conv2d.Conv2dDims;
import dev.diptych.kernels.conv2d.Conv2dReference;
import dev.diptych.kernels.cuda.DeviceMemory;

/** Cases and timings of convolution. */
final class Conv2dCases {
  /**
   * Pictures, height, width, C, O, kernel height and width, stride, padding. C and O around chunks
   * and packs, 1×1 as a plain product, with a stride and with padding, kernels that are not square,
   * strides that leave pixels over, padding beyond the kernel, nothing of each.
   */
  private static final int[][] SIZES = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0},
    {2, 3, 2, 3, 2, 1, 1, 1, 0},
    {1, 2, 3, 8, 16, 1, 1, 1, 0},
    {2, 5, 5, 8, 4, 1, 1, 2, 0},
    {1, 3, 3, 4, 5, 1, 1, 1, 1},
    {1, 3, 3, 1, 1, 3, 3, 1, 1},
    {1, 7, 5, 3, 8, 3, 3, 2, 1},
    {2, 6, 6, 3, 7, 3, 3, 2, 0},
    {1, 4, 5, 4, 3, 3, 3, 1, 0},
    {2, 5, 4, 8, 9, 3, 3, 1, 1},
    {1, 5, 7, 16, 8, 3, 3, 2, 1},
    {1, 4, 4, 17, 2, 3, 3, 1, 1},
    {1, 6, 6, 2, 2, 2, 3, 3, 0},
    {1, 9, 8, 12, 3, 3, 2, 2, 2},
    {1, 2, 3, 2, 2, 1, 2, 2, 2},
    {1, 12, 11, 8, 66, 3, 3, 1, 1},
    {0, 4, 4, 2, 3, 3, 3, 1, 1},
    {0, 4, 4, 2, 3, 1, 1, 1, 0},
    {2, 3, 3, 0, 2, 3, 3, 1, 1},
    {2, 3, 3, 2, 0, 3, 3, 1, 1}
  };

  /** In parts: one at a time; two with one left over, or in bf16 four where windows are bf16. */
  private static final Conv2dDims FIVE = new Conv2dDims(5, 4, 3, 8, 6, 3, 3, 1, 1);

  /** Layers of a ResNet-50 for 64 pictures of 224×224. */
  private static final Conv2dDims[] LAYERS = {
    new Conv2dDims(64, 224, 224, 3, 32, 3, 3, 2, 1),
    new Conv2dDims(64, 56, 56, 64, 64, 3, 3, 1, 1),
    new Conv2dDims(64, 56, 56, 64, 256, 1, 1, 1, 0),
    new Conv2dDims(64, 7, 7, 512, 512, 3, 3, 1, 1)
  };

  private Conv2dCases() {}

  static void addTo(Suite suite) {
    for (int[] s : SIZES) {
      Conv2dDims d = new Conv2dDims(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]);
      suite.checkBoth("conv2d " + name(d) + " padded by " + d.padding(), w -> all(w, d));
    }
    long picture = 4L * FIVE.outHeight() * FIVE.outWidth() * FIVE.depth();
    suite.checkBoth("conv2d of single pictures", w -> within(1, w, FIVE));
    suite.checkBoth("conv2d of parts", w -> within(2 * picture, w, FIVE));
    suite.checkBoth("conv2d of NaN and infinity", Conv2dCases::special);
    for (Conv2dDims d : LAYERS) {
      time(suite, "conv2d forward " + name(d), d, w -> forward(w, d));
      time(suite, "conv2d backward of x " + name(d), d, w -> backwardInput(w, d));
      time(suite, "conv2d backward of w " + name(d), d, w -> backwardWeight(w, d));
    }
  }

  private static void time(Suite suite, String name, Conv2dDims d, GpuTiming.Setup setup) {
    suite.time(name, d.cost(), setup);
    suite.timeBf16(name, d.cost(), setup);
  }

  private static String name(Conv2dDims d) {
    return "%d×%d×%d×%d→%d %d×%d/%d"
        .formatted(
            d.b(),
            d.height(),
            d.width(),
            d.c(),
            d.o(),
            d.kernelHeight(),
            d.kernelWidth(),
            d.stride());
  }

  private static void all(Workbench w, Conv2dDims d) {
    within(Long.MAX_VALUE, w, d);
  }

  /** All passes, with so many bytes of windows at a time. */
  private static void within(long windowBytes, Workbench w, Conv2dDims d) {
    double[] x = w.normal(1, d.inputFloats());
    double[] weights = w.normal(2, d.weightFloats());
    double[] y = new double[d.outputFloats()];
    DeviceMemory gx = w.in(x);
    DeviceMemory gw = w.in(weights);
    DeviceMemory gy = w.out(y.length);
    Conv2dReference.forward(d, x, weights, y);
    Conv2dCuda.forwardWithin(windowBytes, w.gpu(), d, w.precision(), gx, gw, gy);
    w.check("y", y, gy, tolerance(d.depth()));

    double[] dy = w.normal(3, y.length);
    double[] dx = new double[x.length];
    double[] dw = w.f32Normal(4, d.weightFloats());
    DeviceMemory gdy = w.in(dy);
    DeviceMemory gdx = w.out(x.length);
    DeviceMemory gdw = w.inF32(dw);
    Conv2dReference.backward(d, x, weights, dy, dx, dw);
    Conv2dCuda.backwardInputWithin(windowBytes, w.gpu(), d, w.precision(), gw, gdy, gdx);
    w.check("dx", dx, gdx, tolerance((double) d.o() * d.kernelHeight() * d.kernelWidth()));
    Conv2dCuda.backwardWeightWithin(windowBytes, w.gpu(), d, w.precision(), gx, gdy, gdw);
    w.checkF32("dw", dw, gdw, tolerance(d.rows()));
  }

  /** Sums of exact products, as those of matrices. */
  private static double tolerance(double depth) {
    return 2e-6 * Math.sqrt(depth + 1);
  }

  /** They reach the windows that hold them, and no others. */
  private static void special(Workbench w) {
    Conv2dDims d = new Conv2dDims(2, 6, 6, 8, 3, 3, 3, 1, 1);
    double[] x = w.normal(1, d.inputFloats());
    double[] weights = w.normal(2, d.weightFloats());
    x[5] = Double.NaN;
    x[d.inputFloats() - 1] = Double.POSITIVE_INFINITY;
    double[] y = new double[d.outputFloats()];
    DeviceMemory gy = w.out(y.length);
    Conv2dReference.forward(d, x, weights, y);
    Conv2dCuda.forward(w.gpu(), d, w.precision(), w.in(x), w.in(weights), gy);
    w.check("y", y, gy, tolerance(d.depth()));

    double[] dy = w.normal(3, y.length);
    dy[1] = Double.NaN;
    dy[d.outputFloats() - 1] = Double.NEGATIVE_INFINITY;
    double[] dx = new double[x.length];
    DeviceMemory gdx = w.out(x.length);
    Conv2dReference.backward(d, x, weights, dy, dx, new double[weights.length]);
    Conv2dCuda.backwardInput(w.gpu(), d, w.precision(), w.in(weights), w.in(dy), gdx);
    w.check("dx", dx, gdx, tolerance((double) d.o() * d.kernelHeight() * d.kernelWidth()));
  }

  private static GpuTiming.Launches forward(Workbench w, Conv2dDims d) {
    DeviceMemory x = w.filled(d.inputFloats());
    DeviceMemory weights = w.filled(d.weightFloats());
    DeviceMemory y = w.out(d.outputFloats());
    return gpu -> Conv2dCuda.forward(gpu, d, w.precision(), x, weights, y);
  }

  private static GpuTiming.Launches backwardInput(Workbench w, Conv2dDims d) {
    DeviceMemory weights = w.filled(d.weightFloats());
    DeviceMemory dy = w.filled(d.outputFloats());
    DeviceMemory dx = w.out(d.inputFloats());
    return gpu -> Conv2dCuda.backwardInput(gpu, d, w.precision(), weights, dy, dx);
  }

  private static GpuTiming.Launches backwardWeight(Workbench w, Conv2dDims d) {
    DeviceMemory x = w.filled(d.inputFloats());
    DeviceMemory dy = w.filled(d.outputFloats());
    DeviceMemory dw = w.inF32(new double[d.weightFloats()]);
    return gpu -> Conv2dCuda.backwardWeight(gpu, d, w.precision(), x, dy, dw);
  }
}
