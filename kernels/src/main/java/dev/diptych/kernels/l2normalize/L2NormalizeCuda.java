package dev.diptych.kernels.l2normalize;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.RowKernels;

/** L2 normalisation on a GPU; the kernels are in {@code l2normalize.cu}. */
public final class L2NormalizeCuda {
  private static final RowKernels FORWARD = kernels("l2normalize_forward");
  private static final RowKernels BACKWARD = kernels("l2normalize_backward");

  private L2NormalizeCuda() {}

  private static RowKernels kernels(String entry) {
    return new RowKernels(L2NormalizeCuda.class, "l2normalize", entry);
  }

  /**
   * y = x/‖x‖, and 0 where x is 0.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   * @param inverseNorm (N), f32, written: 1/‖x‖, and 0 for a row of zeros
   */
  public static void forward(
      Gpu gpu,
      L2NormalizeDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory y,
      DeviceMemory inverseNorm) {
    assert precision.fits(x, (long) d.n() * d.c()) && inverseNorm.floatCount() == d.n();
    FORWARD.launch(
        gpu,
        precision,
        d.n(),
        d.c(),
        new Arguments().pointer(x).pointer(y).pointer(inverseNorm).int32(d.n()).int32(d.c()));
  }

  /**
   * dx = (dy − y·(y·dy))/‖x‖.
   *
   * @param y (N, C), of {@link #forward}
   * @param inverseNorm (N), f32, of {@link #forward}
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy
   */
  public static void backward(
      Gpu gpu,
      L2NormalizeDims d,
      Precision precision,
      DeviceMemory y,
      DeviceMemory inverseNorm,
      DeviceMemory dy,
      DeviceMemory dx) {
    assert precision.fits(y, (long) d.n() * d.c()) && inverseNorm.floatCount() == d.n();
    assert y.bytes() == dy.bytes() && dx.bytes() == dy.bytes();
    BACKWARD.launch(
        gpu,
        precision,
        d.n(),
        d.c(),
        new Arguments()
            .pointer(y)
            .pointer(inverseNorm)
            .pointer(dy)
            .pointer(dx)
            .int32(d.n())
            .int32(d.c()));
  }
}
