package dev.diptych.kernels.meantoken;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Fours;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/** The tokens of attention pooling on a GPU; the kernels are in {@code meantoken.cu}. */
public final class MeanTokenCuda {
  private static final TypedKernel FORWARD = kernel("meantoken_forward");
  private static final TypedKernel BACKWARD = kernel("meantoken_backward");

  private MeanTokenCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(MeanTokenCuda.class, "meantoken", entry);
  }

  /**
   * y_b,0 = pos_0 + mean_t x_b,t; y_b,1+t = pos_1+t + x_b,t.
   *
   * @param x (B, T, C), T ≥ 1
   * @param positions (1+T, C), f32
   * @param y (B, 1+T, C), written; not x
   */
  public static void forward(
      Gpu gpu,
      MeanTokenDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory positions,
      DeviceMemory y) {
    assert d.t() >= 1 && fit(d, precision, x, positions, y);
    gpu.launch(
        FORWARD.in(precision),
        Fours.launch(d.b(), d.c()),
        new Arguments().pointer(x).pointer(positions).pointer(y).int32(d.t()).int32(d.c()));
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param dy (B, 1+T, C)
   * @param dx (B, T, C), written; not dy
   * @param dPositions (1+T, C), f32, added to
   */
  public static void backward(
      Gpu gpu,
      MeanTokenDims d,
      Precision precision,
      DeviceMemory dy,
      DeviceMemory dx,
      DeviceMemory dPositions) {
    assert d.t() >= 1 && fit(d, precision, dx, dPositions, dy);
    gpu.launch(
        BACKWARD.in(precision),
        Fours.launch(d.t() + 1, d.c()),
        new Arguments()
            .pointer(dy)
            .pointer(dx)
            .pointer(dPositions)
            .int32(d.b())
            .int32(d.t())
            .int32(d.c()));
  }

  private static boolean fit(
      MeanTokenDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory positions,
      DeviceMemory y) {
    return precision.fits(x, (long) d.b() * d.t() * d.c())
        && positions.floatCount() == (d.t() + 1L) * d.c()
        && precision.fits(y, d.b() * (d.t() + 1L) * d.c());
  }
}
