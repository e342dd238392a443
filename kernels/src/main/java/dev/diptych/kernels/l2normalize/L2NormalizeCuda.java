package dev.diptych.kernels.l2normalize;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.RowKernels;

/** L2 normalisation on a GPU; the kernels are in {@code l2normalize.cu}. */
public final class L2NormalizeCuda {
  private static final RowKernels FORWARD_F32 = kernels("l2normalize_forward_f32");
  private static final RowKernels FORWARD_BF16 = kernels("l2normalize_forward_bf16");
  private static final RowKernels BACKWARD_F32 = kernels("l2normalize_backward_f32");
  private static final RowKernels BACKWARD_BF16 = kernels("l2normalize_backward_bf16");

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
    RowKernels kernels =
        switch (precision) {
          case F32 -> FORWARD_F32;
          case BF16 -> FORWARD_BF16;
        };
    kernels.launch(
        gpu,
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
    RowKernels kernels =
        switch (precision) {
          case F32 -> BACKWARD_F32;
          case BF16 -> BACKWARD_BF16;
        };
    kernels.launch(
        gpu,
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
