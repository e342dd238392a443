package dev.diptych.kernels.relu;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/** The rectifier on a GPU; the kernels are in {@code relu.cu}. */
public final class ReluCuda {
  private static final TypedKernel FORWARD = TypedKernel.of(ReluCuda.class, "relu", "relu_forward");
  private static final TypedKernel BACKWARD =
      TypedKernel.of(ReluCuda.class, "relu", "relu_backward");

  private ReluCuda() {}

  /**
   * y = max(x, 0); NaN stays NaN.
   *
   * @param x (N)
   * @param y (N), written; may be x
   */
  public static void forward(
      Gpu gpu, ReluDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    assert precision.fits(x, d.n()) && precision.fits(y, d.n());
    gpu.launch(
        FORWARD.in(precision),
        Grids.elements(d.n()),
        new Arguments().pointer(x).pointer(y).int64(d.n()));
  }

  /**
   * dx = dy where y &gt; 0 (or is NaN), else 0.
   *
   * @param y (N), of {@link #forward}
   * @param dy (N)
   * @param dx (N), written; may be dy
   */
  public static void backward(
      Gpu gpu, ReluDims d, Precision precision, DeviceMemory y, DeviceMemory dy, DeviceMemory dx) {
    assert precision.fits(y, d.n()) && precision.fits(dy, d.n()) && precision.fits(dx, d.n());
    gpu.launch(
        BACKWARD.in(precision),
        Grids.elements(d.n()),
        new Arguments().pointer(y).pointer(dy).pointer(dx).int64(d.n()));
  }
}
