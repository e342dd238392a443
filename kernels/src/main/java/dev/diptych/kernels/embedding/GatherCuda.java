package dev.diptych.kernels.embedding;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;

/** Picking one row per batch item on a GPU, in f32; the kernels are in {@code embedding.cu}. */
public final class GatherCuda {
  private static final Kernel FORWARD = Kernel.of(GatherCuda.class, "embedding", "gather_forward");
  private static final Kernel BACKWARD =
      Kernel.of(GatherCuda.class, "embedding", "gather_backward");
  private static final int THREADS = 128;

  private GatherCuda() {}

  /**
   * y_b = x_b,index(b).
   *
   * @param x (B, T, C)
   * @param index (B) ints, each in [0, T): the caller has checked
   * @param y (B, C), written
   */
  public static void forward(
      Gpu gpu, GatherDims d, DeviceMemory x, DeviceMemory index, DeviceMemory y) {
    assert x.floatCount() == (long) d.b() * d.t() * d.c() && index.floatCount() == d.b();
    gpu.launch(
        FORWARD,
        Launch.of(d.b(), THREADS),
        new Arguments().pointer(x).pointer(index).pointer(y).int32(d.t()).int32(d.c()));
  }

  /**
   * dx_b,index(b) = dy_b, zero elsewhere.
   *
   * @param index (B) ints, as given to {@link #forward}
   * @param dy (B, C)
   * @param dx (B, T, C), written
   */
  public static void backward(
      Gpu gpu, GatherDims d, DeviceMemory index, DeviceMemory dy, DeviceMemory dx) {
    assert dx.floatCount() == (long) d.b() * d.t() * d.c() && index.floatCount() == d.b();
    gpu.launch(
        BACKWARD,
        Launch.of(Math.multiplyExact(d.b(), d.t()), THREADS),
        new Arguments().pointer(index).pointer(dy).pointer(dx).int32(d.t()).int32(d.c()));
  }
}
