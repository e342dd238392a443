package dev.diptych.kernels.softmax;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.RowKernels;

/** Softmax and log-softmax on a GPU, in f32; the kernels are in {@code softmax.cu}. */
public final class SoftmaxCuda {
  private static final RowKernels FORWARD = kernels("softmax_forward");
  private static final RowKernels BACKWARD = kernels("softmax_backward");
  private static final RowKernels LOG_FORWARD = kernels("log_softmax_forward");
  private static final RowKernels LOG_BACKWARD = kernels("log_softmax_backward");

  private SoftmaxCuda() {}

  private static RowKernels kernels(String entry) {
    return new RowKernels(SoftmaxCuda.class, "softmax", entry);
  }

  /**
   * y = exp(x − max)/Σ exp(x − max) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   */
  public static void forward(Gpu gpu, SoftmaxDims d, DeviceMemory x, DeviceMemory y) {
    rows(gpu, d, FORWARD, new Arguments().pointer(x).pointer(y));
  }

  /**
   * dx = y·(dy − Σ dy·y) in each row.
   *
   * @param y (N, C), of {@link #forward}
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy or y
   */
  public static void backward(
      Gpu gpu, SoftmaxDims d, DeviceMemory y, DeviceMemory dy, DeviceMemory dx) {
    rows(gpu, d, BACKWARD, new Arguments().pointer(y).pointer(dy).pointer(dx));
  }

  /**
   * y = x − max − log Σ exp(x − max) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   */
  public static void logForward(Gpu gpu, SoftmaxDims d, DeviceMemory x, DeviceMemory y) {
    rows(gpu, d, LOG_FORWARD, new Arguments().pointer(x).pointer(y));
  }

  /**
   * dx = dy − exp(y)·Σ dy in each row.
   *
   * @param y (N, C), of {@link #logForward}
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy or y
   */
  public static void logBackward(
      Gpu gpu, SoftmaxDims d, DeviceMemory y, DeviceMemory dy, DeviceMemory dx) {
    rows(gpu, d, LOG_BACKWARD, new Arguments().pointer(y).pointer(dy).pointer(dx));
  }

  private static void rows(Gpu gpu, SoftmaxDims d, RowKernels kernels, Arguments arguments) {
    kernels.launch(gpu, d.n(), d.c(), arguments.int32(d.n()).int32(d.c()));
  }
}
