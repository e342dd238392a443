package dev.diptych.kernels.gelu;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/** Both GELUs on a GPU; the kernels are in {@code gelu.cu}. */
public final class GeluCuda {
  private static final TypedKernel GELU = kernel("gelu_forward");
  private static final TypedKernel GELU_BACKWARD = kernel("gelu_backward");
  private static final TypedKernel QUICK = kernel("quick_gelu_forward");
  private static final TypedKernel QUICK_BACKWARD = kernel("quick_gelu_backward");

  private GeluCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(GeluCuda.class, "gelu", entry);
  }

  /**
   * y = activation(x).
   *
   * @param x (N)
   * @param y (N), written; may be x
   */
  public static void forward(
      Gpu gpu, GeluDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    assert precision.fits(x, d.n()) && precision.fits(y, d.n());
    TypedKernel kernel =
        switch (d.activation()) {
          case QUICK_GELU -> QUICK;
          case GELU -> GELU;
        };
    gpu.launch(
        kernel.in(precision),
        Grids.elements(d.n()),
        new Arguments().pointer(x).pointer(y).int64(d.n()));
  }

  /**
   * dx = dy·activation′(x).
   *
   * @param x (N), as given to {@link #forward}
   * @param dy (N)
   * @param dx (N), written; may be dy or x
   */
  public static void backward(
      Gpu gpu, GeluDims d, Precision precision, DeviceMemory x, DeviceMemory dy, DeviceMemory dx) {
    assert precision.fits(x, d.n()) && precision.fits(dy, d.n()) && precision.fits(dx, d.n());
    TypedKernel kernel =
        switch (d.activation()) {
          case QUICK_GELU -> QUICK_BACKWARD;
          case GELU -> GELU_BACKWARD;
        };
    gpu.launch(
        kernel.in(precision),
        Grids.elements(d.n()),
        new Arguments().pointer(x).pointer(dy).pointer(dx).int64(d.n()));
  }
}
