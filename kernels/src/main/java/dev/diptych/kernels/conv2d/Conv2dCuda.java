package dev.diptych.kernels.conv2d;

import static dev.diptych.kernels.conv2d.WindowKernels.line;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import java.util.ArrayList;
import java.util.List;

/**
 * Convolution on a GPU: matrix products over windows of x that are gathered for some pictures at a
 * time. The order of every sum depends on the sizes alone.
 */
public final class Conv2dCuda {
  /** How many bytes of windows are gathered at a time, if those of one picture are not more. */
  private static final long WINDOW_BYTES = 256L << 20;

  /**
   * Some of the pictures.
   *
   * @param d sizes, of these pictures only
   * @param x their part of x or dx
   * @param y their part of y or dy
   */
  private record Part(Conv2dDims d, DeviceMemory x, DeviceMemory y) {}

  private Conv2dCuda() {}

  /**
   * y_b,i,j,o = Σ_u,v,c W_o,c,u,v · x_b,(i·s+u−p),(j·s+v−p),c.
   *
   * @param precision of x, W and y
   * @param x (B, H, W, C)
   * @param w (O, C, KH, KW)
   * @param y (B, OH, OW, O), written
   */
  public static void forward(
      Gpu gpu, Conv2dDims d, Precision precision, DeviceMemory x, DeviceMemory w, DeviceMemory y) {
    forwardWithin(WINDOW_BYTES, gpu, d, precision, x, w, y);
  }

  /** As {@link #forward}, with this many bytes of windows at a time: for cases of several parts. */
  public static void forwardWithin(
      long windowBytes,
      Gpu gpu,
      Conv2dDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory w,
      DeviceMemory y) {
    List<Part> parts = parts(windowBytes, d, precision, precision, x, y);
    assert precision.fits(w, weights(d));
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory ordered = order(scratch, d, precision, w);
      DeviceMemory room = room(scratch, parts, precision);
      for (Part part : parts) {
        DeviceMemory windows = gather(gpu, part, precision, room);
        MatmulDims product =
            MatmulDims.of(part.d.rows(), d.o(), d.depth(), false, true)
                .withRowStrides(line(d), line(d), d.o());
        MatmulCuda.multiply(
            gpu, product, precision, windows, ordered, part.y, precision, CudaEpilogue.NONE);
      }
    }
  }

  /**
   * The gradient of x.
   *
   * @param precision of W, dy and dx
   * @param w (O, C, KH, KW)
   * @param dy (B, OH, OW, O)
   * @param dx (B, H, W, C), written; not dy
   */
  public static void backwardInput(
      Gpu gpu,
      Conv2dDims d,
      Precision precision,
      DeviceMemory w,
      DeviceMemory dy,
      DeviceMemory dx) {
    backwardInputWithin(WINDOW_BYTES, gpu, d, precision, w, dy, dx);
  }

  /** As {@link #backwardInput}, with this many bytes of windows at a time. */
  public static void backwardInputWithin(
      long windowBytes,
      Gpu gpu,
      Conv2dDims d,
      Precision precision,
      DeviceMemory w,
      DeviceMemory dy,
      DeviceMemory dx) {
    List<Part> parts = parts(windowBytes, d, precision, Precision.F32, dx, dy);
    assert precision.fits(w, weights(d));
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory ordered = order(scratch, d, precision, w);
      DeviceMemory room = room(scratch, parts, Precision.F32);
      for (Part part : parts) {
        MatmulDims product =
            MatmulDims.of(part.d.rows(), d.depth(), d.o(), false, false)
                .withRowStrides(d.o(), line(d), line(d));
        if (d.isMatmul()) {
          MatmulCuda.multiply(
              gpu, product, precision, part.y, ordered, part.x, precision, CudaEpilogue.NONE);
        } else {
          MatmulCuda.multiply(
              gpu, product, precision, part.y, ordered, room, Precision.F32, CudaEpilogue.NONE);
          WindowKernels.sum(gpu, part.d, precision, room, part.x);
        }
      }
    }
  }

  /**
   * Adds the gradient of W.
   *
   * @param precision of x and dy
   * @param x (B, H, W, C)
   * @param dy (B, OH, OW, O)
   * @param dw (O, C, KH, KW) in f32, added to
   */
  public static void backwardWeight(
      Gpu gpu,
      Conv2dDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory dy,
      DeviceMemory dw) {
    backwardWeightWithin(WINDOW_BYTES, gpu, d, precision, x, dy, dw);
  }

  /** As {@link #backwardWeight}, with this many bytes of windows at a time. */
  public static void backwardWeightWithin(
      long windowBytes,
      Gpu gpu,
      Conv2dDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory dy,
      DeviceMemory dw) {
    List<Part> parts = parts(windowBytes, d, precision, precision, x, dy);
    assert Precision.F32.fits(dw, weights(d));
    if (parts.isEmpty()) {
      return;
    }
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory room = room(scratch, parts, precision);
      DeviceMemory gradient = d.isMatmul() ? dw : scratch.floats((long) d.o() * line(d));
      CudaEpilogue epilogue = d.isMatmul() ? CudaEpilogue.ACCUMULATE : CudaEpilogue.NONE;
      for (Part part : parts) {
        MatmulDims product =
            MatmulDims.of(d.o(), d.depth(), part.d.rows(), true, false)
                .withRowStrides(d.o(), line(d), line(d));
        DeviceMemory windows = gather(gpu, part, precision, room);
        MatmulCuda.multiply(
            gpu, product, precision, part.y, windows, gradient, Precision.F32, epilogue);
        epilogue = CudaEpilogue.ACCUMULATE;
      }
      if (!d.isMatmul()) {
        WindowKernels.addOrdered(gpu, d, gradient, dw);
      }
    }
  }

  private static long weights(Conv2dDims d) {
    return (long) d.o() * d.depth();
  }

  /**
   * The pictures in parts whose windows, in {@code ofWindows}, fit into {@code windowBytes}, or of
   * one picture each; and no matrix of a part has more elements than an int counts.
   */
  private static List<Part> parts(
      long windowBytes,
      Conv2dDims d,
      Precision precision,
      Precision ofWindows,
      DeviceMemory x,
      DeviceMemory y) {
    long pixels = (long) d.outHeight() * d.outWidth();
    long xSize = (long) d.height() * d.width() * d.c();
    long ySize = pixels * d.o();
    long windows = pixels * line(d);
    assert precision.fits(x, d.b() * xSize) && precision.fits(y, d.b() * ySize);
    long largest = Math.max(1, Math.max(windows, Math.max(xSize, ySize)));
    long most = Integer.MAX_VALUE / largest;
    if (!d.isMatmul()) {
      most = Math.min(most, windowBytes / Math.max(1, windows * ofWindows.bytes()));
    }
    int step = Math.clamp(most, 1, Math.max(1, d.b()));
    List<Part> parts = new ArrayList<>();
    for (int first = 0; first < d.b(); first += step) {
      int count = Math.min(step, d.b() - first);
      parts.add(
          new Part(
              d.withPictures(count),
              slice(x, precision, first * xSize, count * xSize),
              slice(y, precision, first * ySize, count * ySize)));
    }
    return parts;
  }

  private static DeviceMemory slice(
      DeviceMemory memory, Precision precision, long first, long count) {
    return memory.slice(precision.bytes() * first, precision.bytes() * count);
  }

  /** Room for the windows of any part: the first has most pictures. */
  private static DeviceMemory room(GpuScope scratch, List<Part> parts, Precision ofWindows) {
    if (parts.isEmpty() || parts.getFirst().d.isMatmul()) {
      return scratch.allocate(0);
    }
    Conv2dDims d = parts.getFirst().d;
    return scratch.allocate((long) ofWindows.bytes() * d.rows() * line(d));
  }

  /** The windows of a part in {@code room}; where they are x itself, x. */
  private static DeviceMemory gather(Gpu gpu, Part part, Precision precision, DeviceMemory room) {
    if (part.d.isMatmul()) {
      return part.x;
    }
    WindowKernels.gather(gpu, part.d, precision, part.x, room);
    return room;
  }

  /** W' (O, line): W with its rows ordered by u, v, c; where they are already, W. */
  private static DeviceMemory order(
      GpuScope scratch, Conv2dDims d, Precision precision, DeviceMemory w) {
    if (d.isMatmul()) {
      return w;
    }
    DeviceMemory ordered = scratch.allocate((long) precision.bytes() * d.o() * line(d));
    WindowKernels.order(scratch.gpu(), d, precision, w, ordered);
    return ordered;
  }
}
