package dev.diptych.kernels.channelslast;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/** The permutation on a GPU; the kernels are in {@code channelslast.cu}. */
public final class ChannelsLastCuda {
  private static final TypedKernel FORWARD = kernel("channelslast_forward");
  private static final TypedKernel BACKWARD = kernel("channelslast_backward");
  private static final int THREADS = 256;

  /** Elements of a thread. */
  private static final int EACH = 4;

  private ChannelsLastCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(ChannelsLastCuda.class, "channelslast", entry);
  }

  /**
   * y_b,s,c = x_b,c,s.
   *
   * @param precision of y
   * @param x (B, C, S) in f32
   * @param y (B, S, C), written; not x
   */
  public static void forward(
      Gpu gpu, ChannelsLastDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    assert Precision.F32.fits(x, size(d)) && precision.fits(y, size(d));
    launch(gpu, d, FORWARD.in(precision), x, y);
  }

  /**
   * dx_b,c,s = dy_b,s,c.
   *
   * @param precision of dy
   * @param dy (B, S, C)
   * @param dx (B, C, S) in f32, written; not dy
   */
  public static void backward(
      Gpu gpu, ChannelsLastDims d, Precision precision, DeviceMemory dy, DeviceMemory dx) {
    assert precision.fits(dy, size(d)) && Precision.F32.fits(dx, size(d));
    launch(gpu, d, BACKWARD.in(precision), dy, dx);
  }

  private static long size(ChannelsLastDims d) {
    return (long) d.b() * d.c() * d.s();
  }

  private static void launch(
      Gpu gpu, ChannelsLastDims d, Kernel kernel, DeviceMemory from, DeviceMemory to) {
    int blocks = Math.ceilDiv(Math.multiplyExact(d.c(), d.s()), THREADS * EACH);
    gpu.launch(
        kernel,
        Launch.of(Math.multiplyExact(d.b(), blocks), THREADS),
        new Arguments().pointer(from).pointer(to).int32(d.c()).int32(d.s()).int32(blocks));
  }
}
