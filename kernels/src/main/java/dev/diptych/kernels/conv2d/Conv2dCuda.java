package dev.diptych.kernels.conv2d;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.MatmulBf16Cuda;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import java.util.ArrayList;
import java.util.List;

/**
 * Convolution on a GPU: matrix products over windows of x that are gathered for some pictures at a
 * time; the kernels around the products are in {@code conv2d.cu}. The order of every sum depends on
 * the sizes alone.
 */
public final class Conv2dCuda {
  /** How many bytes of windows are gathered at a time, if those of one picture are not more. */
  private static final long WINDOW_BYTES = 256L << 20;

  private static final TypedKernel WINDOWS = kernel("conv2d_windows");
  private static final TypedKernel WINDOWS_ANY = kernel("conv2d_windows_any");
  private static final TypedKernel SUM_WINDOWS = kernel("conv2d_sum_windows");
  private static final TypedKernel SUM_WINDOWS_ANY = kernel("conv2d_sum_windows_any");
  private static final TypedKernel WEIGHTS = kernel("conv2d_weights");
  private static final Kernel ADD_WEIGHTS =
      Kernel.of(Conv2dCuda.class, "conv2d", "conv2d_add_weights");
  private static final int THREADS = 256;
  private static final int CHUNK_BYTES = 16;
  private static final int PACK = 4;

  /** Rows of windows begin at multiples of so many elements: of 16 bytes, in either precision. */
  private static final int GRANULE = 8;

  /**
   * Some of the pictures.
   *
   * @param d sizes, of these pictures only
   * @param x their part of x or dx
   * @param y their part of y or dy
   */
  private record Part(Conv2dDims d, DeviceMemory x, DeviceMemory y) {}

  private Conv2dCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(Conv2dCuda.class, "conv2d", entry);
  }

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
        multiply(gpu, product(part.d), precision, windows, ordered, part.y, precision, false);
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
          multiply(gpu, product, precision, part.y, ordered, part.x, precision, false);
        } else {
          multiply(gpu, product, precision, part.y, ordered, room, Precision.F32, false);
          sum(gpu, part, precision, room);
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
      boolean isBegun = d.isMatmul();
      for (Part part : parts) {
        MatmulDims product =
            MatmulDims.of(d.o(), d.depth(), part.d.rows(), true, false)
                .withRowStrides(d.o(), line(d), line(d));
        DeviceMemory windows = gather(gpu, part, precision, room);
        multiply(gpu, product, precision, part.y, windows, gradient, Precision.F32, isBegun);
        isBegun = true;
      }
      if (!d.isMatmul()) {
        gpu.launch(ADD_WEIGHTS, perWeight(d), ordering(gradient, dw, d));
      }
    }
  }

  /** y = windows·W'ᵀ. */
  private static MatmulDims product(Conv2dDims d) {
    return MatmulDims.of(d.rows(), d.o(), d.depth(), false, true)
        .withRowStrides(line(d), line(d), d.o());
  }

  private static void multiply(
      Gpu gpu,
      MatmulDims product,
      Precision precision,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      boolean isAdded) {
    CudaEpilogue epilogue = isAdded ? CudaEpilogue.ACCUMULATE : CudaEpilogue.NONE;
    switch (precision) {
      case F32 -> MatmulCuda.multiply(gpu, product, a, b, c, epilogue);
      case BF16 -> MatmulBf16Cuda.multiply(gpu, product, a, b, c, ofC, epilogue);
    }
  }

  /** Elements from one window to the next, and from one row of W' to the next. */
  private static int line(Conv2dDims d) {
    return d.isMatmul() ? d.c() : Math.ceilDiv(d.depth(), GRANULE) * GRANULE;
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
    int step = (int) Math.max(1, most);
    List<Part> parts = new ArrayList<>();
    for (int first = 0; first < d.b(); first += step) {
      int count = Math.min(step, d.b() - first);
      parts.add(
          new Part(
              d.withPictures(count),
              slice(x, precision, first * xSize, count * xSize),
              slice(y, precision, first * ySize, count * ySize)));
      if (count < step) {
        break; // first + step might be more than an int counts
      }
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
    Conv2dDims d = part.d;
    if (d.isMatmul()) {
      return part.x;
    }
    Arguments pointers = new Arguments().pointer(part.x).pointer(room);
    int chunk = CHUNK_BYTES / precision.bytes();
    boolean isPacked = d.c() % chunk == 0 && pointers.pointersAreMultiplesOf(CHUNK_BYTES);
    int chunks = (isPacked ? d.c() : line(d)) / chunk;
    gpu.launch(
        (isPacked ? WINDOWS : WINDOWS_ANY).in(precision),
        threads((long) d.rows() * chunks),
        sizes(pointers, d.rows(), d));
    return room;
  }

  /** dx of a part from the gradients of its windows. */
  private static void sum(Gpu gpu, Part part, Precision precision, DeviceMemory windows) {
    Conv2dDims d = part.d;
    int packBytes = PACK * precision.bytes();
    boolean isPacked = d.c() % PACK == 0 && part.x.address() % packBytes == 0;
    int pixels = d.b() * d.height() * d.width();
    gpu.launch(
        (isPacked ? SUM_WINDOWS : SUM_WINDOWS_ANY).in(precision),
        threads((long) pixels * (isPacked ? d.c() / PACK : d.c())),
        sizes(new Arguments().pointer(windows).pointer(part.x), pixels, d));
  }

  private static Launch threads(long count) {
    return Launch.of(Math.toIntExact(Math.ceilDiv(count, (long) THREADS)), THREADS);
  }

  private static Arguments sizes(Arguments arguments, int count, Conv2dDims d) {
    return arguments
        .int32(count)
        .int32(d.height())
        .int32(d.width())
        .int32(d.c())
        .int32(d.outHeight())
        .int32(d.outWidth())
        .int32(d.kernelHeight())
        .int32(d.kernelWidth())
        .int32(d.stride())
        .int32(d.padding())
        .int32(line(d));
  }

  /** W' (O, line): W with its rows ordered by u, v, c; where they are already, W. */
  private static DeviceMemory order(
      GpuScope scratch, Conv2dDims d, Precision precision, DeviceMemory w) {
    if (d.isMatmul()) {
      return w;
    }
    DeviceMemory ordered = scratch.allocate((long) precision.bytes() * d.o() * line(d));
    scratch.gpu().launch(WEIGHTS.in(precision), perWeight(d), ordering(w, ordered, d));
    return ordered;
  }

  private static Launch perWeight(Conv2dDims d) {
    return Launch.of(0, THREADS).withGrid(d.o(), Math.ceilDiv(d.depth(), THREADS), 1);
  }

  private static Arguments ordering(DeviceMemory from, DeviceMemory to, Conv2dDims d) {
    int places = d.kernelHeight() * d.kernelWidth();
    return new Arguments().pointer(from).pointer(to).int32(d.c()).int32(places).int32(line(d));
  }
}
