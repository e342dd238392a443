package dev.diptych.kernels.softmax;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.RowKernels;
import dev.diptych.kernels.cuda.TypedKernel;

/** Softmax and log-softmax on a GPU; the kernels are in {@code softmax.cu}. */
public final class SoftmaxCuda {
  private static final Kernels FORWARD = kernels("softmax_forward");
  private static final Kernels BACKWARD = kernels("softmax_backward");
  private static final Kernels LOG_FORWARD = kernels("log_softmax_forward");
  private static final Kernels LOG_BACKWARD = kernels("log_softmax_backward");

  private static final int PACK = 4;
  private static final int MOST_OF_WARP = 1024;
  private static final int MOST_OF_BLOCK = 4096;
  private static final int BLOCK = 256;

  /**
   * One kernel in all its widths.
   *
   * @param rows a warp a row, or a block that reads its row again
   * @param byBlock a row in the registers of a block
   */
  private record Kernels(RowKernels rows, TypedKernel byBlock) {}

  private SoftmaxCuda() {}

  private static Kernels kernels(String entry) {
    return new Kernels(
        new RowKernels(SoftmaxCuda.class, "softmax", entry),
        RowKernels.ofWidth(SoftmaxCuda.class, "softmax", entry, "4096"));
  }

  /**
   * y = exp(x − max)/Σ exp(x − max) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   */
  public static void forward(
      Gpu gpu, SoftmaxDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    rows(gpu, d, precision, FORWARD, new Arguments().pointer(x).pointer(y));
  }

  /**
   * dx = y·(dy − Σ dy·y) in each row.
   *
   * @param y (N, C), of {@link #forward}
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy or y
   */
  public static void backward(
      Gpu gpu,
      SoftmaxDims d,
      Precision precision,
      DeviceMemory y,
      DeviceMemory dy,
      DeviceMemory dx) {
    rows(gpu, d, precision, BACKWARD, new Arguments().pointer(y).pointer(dy).pointer(dx));
  }

  /**
   * y = x − max − log Σ exp(x − max) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   */
  public static void logForward(
      Gpu gpu, SoftmaxDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    rows(gpu, d, precision, LOG_FORWARD, new Arguments().pointer(x).pointer(y));
  }

  /**
   * dx = dy − exp(y)·Σ dy in each row.
   *
   * @param y (N, C), of {@link #logForward}
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy or y
   */
  public static void logBackward(
      Gpu gpu,
      SoftmaxDims d,
      Precision precision,
      DeviceMemory y,
      DeviceMemory dy,
      DeviceMemory dx) {
    rows(gpu, d, precision, LOG_BACKWARD, new Arguments().pointer(y).pointer(dy).pointer(dx));
  }

  private static void rows(
      Gpu gpu, SoftmaxDims d, Precision precision, Kernels kernels, Arguments arguments) {
    boolean isPacked = d.c() % PACK == 0 && arguments.pointersAreMultiplesOf(PACK * Float.BYTES);
    arguments.int32(d.n()).int32(d.c());
    if (isPacked && d.c() > MOST_OF_WARP && d.c() <= MOST_OF_BLOCK) {
      gpu.launch(kernels.byBlock.in(precision), Launch.of(d.n(), BLOCK), arguments);
    } else {
      kernels.rows.launch(gpu, precision, d.n(), d.c(), arguments);
    }
  }
}
