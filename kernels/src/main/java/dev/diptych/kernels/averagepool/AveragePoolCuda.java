package dev.diptych.kernels.averagepool;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/** Average pooling on a GPU; the kernels are in {@code averagepool.cu}. */
public final class AveragePoolCuda {
  private static final TypedKernel FORWARD = kernel("averagepool_forward");
  private static final TypedKernel BACKWARD = kernel("averagepool_backward");

  /** Of a block, which treats a line of pixels. */
  private static final int THREADS = 256;

  private AveragePoolCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(AveragePoolCuda.class, "averagepool", entry);
  }

  /**
   * y = the mean of each square of K×K pixels.
   *
   * @param x (B, H, W, C)
   * @param y (B, ⌊H/K⌋, ⌊W/K⌋, C), written
   */
  public static void forward(
      Gpu gpu, AveragePoolDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    assert fit(d, precision, x, y);
    launch(gpu, d, FORWARD.in(precision), d.outHeight(), new Arguments().pointer(x).pointer(y));
  }

  /**
   * dx = dy/K² of the square that a pixel lies in, zero where it lies in none.
   *
   * @param dy (B, ⌊H/K⌋, ⌊W/K⌋, C)
   * @param dx (B, H, W, C), written
   */
  public static void backward(
      Gpu gpu, AveragePoolDims d, Precision precision, DeviceMemory dy, DeviceMemory dx) {
    assert fit(d, precision, dx, dy);
    launch(gpu, d, BACKWARD.in(precision), d.height(), new Arguments().pointer(dy).pointer(dx));
  }

  private static boolean fit(
      AveragePoolDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    return precision.fits(x, (long) d.b() * d.height() * d.width() * d.c())
        && precision.fits(y, (long) d.b() * d.outHeight() * d.outWidth() * d.c());
  }

  private static void launch(
      Gpu gpu, AveragePoolDims d, Kernel kernel, int linesOfPicture, Arguments arguments) {
    gpu.launch(
        kernel,
        Launch.of(Math.multiplyExact(d.b(), linesOfPicture), THREADS),
        arguments.int32(d.height()).int32(d.width()).int32(d.c()).int32(d.k()));
  }
}
