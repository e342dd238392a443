package dev.diptych.kernels.embedding;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/** Picking one row per batch item on a GPU; the kernels are in {@code embedding.cu}. */
public final class GatherCuda {
  private static final TypedKernel FORWARD =
      TypedKernel.of(GatherCuda.class, "embedding", "gather_forward");
  private static final TypedKernel BACKWARD =
      TypedKernel.of(GatherCuda.class, "embedding", "gather_backward");
  private static final int THREADS = 128;

  private GatherCuda() {}

  /**
   * y_b = x_b,index(b).
   *
   * @param precision of x and y
   * @param x (B, T, C)
   * @param index (B) ints, each in [0, T): the caller has checked
   * @param y (B, C), written
   */
  public static void forward(
      Gpu gpu,
      GatherDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory index,
      DeviceMemory y) {
    assert precision.fits(x, (long) d.b() * d.t() * d.c()) && index.floatCount() == d.b();
    assert precision.fits(y, (long) d.b() * d.c());
    boolean packed = EmbeddingCuda.isPacked(d.c(), new Arguments().pointer(x).pointer(y));
    gpu.launch(
        FORWARD.in(precision),
        Launch.of(d.b(), THREADS),
        new Arguments()
            .pointer(x)
            .pointer(index)
            .pointer(y)
            .int32(d.t())
            .int32(d.c())
            .int32(packed ? 1 : 0));
  }

  /**
   * dx_b,index(b) = dy_b, zero elsewhere.
   *
   * @param precision of dy and dx
   * @param index (B) ints, as given to {@link #forward}
   * @param dy (B, C)
   * @param dx (B, T, C), written
   */
  public static void backward(
      Gpu gpu,
      GatherDims d,
      Precision precision,
      DeviceMemory index,
      DeviceMemory dy,
      DeviceMemory dx) {
    assert precision.fits(dx, (long) d.b() * d.t() * d.c()) && index.floatCount() == d.b();
    assert precision.fits(dy, (long) d.b() * d.c());
    boolean packed = EmbeddingCuda.isPacked(d.c(), new Arguments().pointer(dy).pointer(dx));
    gpu.launch(
        BACKWARD.in(precision),
        Launch.of(Math.multiplyExact(d.b(), d.t()), THREADS),
        new Arguments()
            .pointer(index)
            .pointer(dy)
            .pointer(dx)
            .int32(d.t())
            .int32(d.c())
            .int32(packed ? 1 : 0));
  }
}
