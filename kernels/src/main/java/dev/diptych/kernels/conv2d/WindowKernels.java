package dev.diptych.kernels.conv2d;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/**
 * The kernels of {@code conv2d.cu}: windows of x, their sum, and W ordered as windows are. Windows
 * and ordered weights are scratch of the caller's, which begins at multiples of 16 bytes.
 */
final class WindowKernels {
  private static final TypedKernel WINDOWS = kernel("conv2d_windows");
  private static final TypedKernel WINDOWS_ANY = kernel("conv2d_windows_any");
  private static final TypedKernel SUM_WINDOWS = kernel("conv2d_sum_windows");
  private static final TypedKernel SUM_WINDOWS_ANY = kernel("conv2d_sum_windows_any");
  private static final TypedKernel WEIGHTS = kernel("conv2d_weights");
  private static final Kernel ADD_WEIGHTS =
      Kernel.of(WindowKernels.class, "conv2d", "conv2d_add_weights");
  private static final int THREADS = 256;
  private static final int CHUNK_BYTES = 16;
  private static final int PACK = 4;

  /** Rows of windows begin at multiples of so many elements: of 16 bytes, in either precision. */
  private static final int GRANULE = 8;

  private WindowKernels() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(WindowKernels.class, "conv2d", entry);
  }

  /**
   * Elements from one window to the next, and from one row of ordered weights to the next; where
   * windows are x itself, C.
   */
  static int line(Conv2dDims d) {
    return d.isMatmul() ? d.c() : Math.ceilDiv(d.depth(), GRANULE) * GRANULE;
  }

  /**
   * The windows of x.
   *
   * @param x (B, H, W, C)
   * @param windows (B·OH·OW, line), written
   */
  static void gather(
      Gpu gpu, Conv2dDims d, Precision precision, DeviceMemory x, DeviceMemory windows) {
    Arguments pointers = new Arguments().pointer(x).pointer(windows);
    int chunk = CHUNK_BYTES / precision.bytes();
    boolean isPacked = d.c() % chunk == 0 && pointers.pointersAreMultiplesOf(CHUNK_BYTES);
    int chunks = (isPacked ? d.c() : line(d)) / chunk;
    gpu.launch(
        (isPacked ? WINDOWS : WINDOWS_ANY).in(precision),
        threads((long) d.rows() * chunks),
        sizes(pointers, d.rows(), d));
  }

  /**
   * dx from the gradients of the windows.
   *
   * @param precision of dx
   * @param windows (B·OH·OW, line) in f32
   * @param dx (B, H, W, C), written
   */
  static void sum(
      Gpu gpu, Conv2dDims d, Precision precision, DeviceMemory windows, DeviceMemory dx) {
    int packBytes = PACK * precision.bytes();
    boolean isPacked = d.c() % PACK == 0 && dx.address() % packBytes == 0;
    int pixels = d.b() * d.height() * d.width();
    gpu.launch(
        (isPacked ? SUM_WINDOWS : SUM_WINDOWS_ANY).in(precision),
        threads((long) pixels * (isPacked ? d.c() / PACK : d.c())),
        sizes(new Arguments().pointer(windows).pointer(dx), pixels, d));
  }

  private static Launch threads(long count) {
    return Launch.of(Math.toIntExact(Math.ceilDiv(count, (long) THREADS)), THREADS);
  }

  private static Arguments sizes(Arguments arguments, int count, Conv2dDims d) {
    return arguments
        .int32(count)
        .int32(d.height())
        .int32(d.width())
        .int32(d.c())
        .int32(d.outHeight())
        .int32(d.outWidth())
        .int32(d.kernelHeight())
        .int32(d.kernelWidth())
        .int32(d.stride())
        .int32(d.padding())
        .int32(line(d));
  }

  /**
   * W with its rows ordered as windows are.
   *
   * @param w (O, C, KH, KW)
   * @param ordered (O, line), written
   */
  static void order(
      Gpu gpu, Conv2dDims d, Precision precision, DeviceMemory w, DeviceMemory ordered) {
    gpu.launch(WEIGHTS.in(precision), perWeight(d), ordering(w, ordered, d));
  }

  /**
   * Adds a gradient of ordered weights to that of W.
   *
   * @param ordered (O, line) in f32
   * @param dw (O, C, KH, KW) in f32, added to
   */
  static void addOrdered(Gpu gpu, Conv2dDims d, DeviceMemory ordered, DeviceMemory dw) {
    gpu.launch(ADD_WEIGHTS, perWeight(d), ordering(ordered, dw, d));
  }

  private static Launch perWeight(Conv2dDims d) {
    return Launch.of(0, THREADS).withGrid(d.o(), Math.ceilDiv(d.depth(), THREADS), 1);
  }

  private static Arguments ordering(DeviceMemory from, DeviceMemory to, Conv2dDims d) {
    int places = d.kernelHeight() * d.kernelWidth();
    return new Arguments().pointer(from).pointer(to).int32(d.c()).int32(places).int32(line(d));
  }
}
