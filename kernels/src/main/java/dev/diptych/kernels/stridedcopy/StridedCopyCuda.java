package dev.diptych.kernels.stridedcopy;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/** Strided copies on a GPU; the kernels are in {@code stridedcopy.cu}. */
public final class StridedCopyCuda {
  /** Axes of a view that do not merge. */
  public static final int MOST_AXES = 8;

  private static final int WIDEST_UNIT = 16;
  private static final int THREADS = 256;
  private static final int WARP = 32;

  /** Sums that are worth a thread each; with fewer, a warp each keeps more of a GPU busy. */
  private static final int ENOUGH_SUMS = 1 << 14;

  /** Kernels that copy units of 2, 4, 8 and 16 bytes. */
  private static final Kernel[] COPY = {copy(2), copy(4), copy(8), copy(16)};

  private static final Sums SUM_BY_THREAD = sums("strided_sum_thread");
  private static final Sums SUM_BY_WARP = sums("strided_sum_warp");

  /**
   * The kernel that sums repetitions, by the precision of dy and that of dx.
   *
   * @param ofF32 dy is f32
   * @param ofBf16 dy is bf16
   */
  private record Sums(TypedKernel ofF32, TypedKernel ofBf16) {
    Kernel in(Precision ofDy, Precision ofDx) {
      return switch (ofDy) {
        case F32 -> ofF32.in(ofDx);
        case BF16 -> ofBf16.in(ofDx);
      };
    }
  }

  private StridedCopyCuda() {}

  private static Kernel copy(int unit) {
    return Kernel.of(StridedCopyCuda.class, "stridedcopy", "strided_copy_" + unit);
  }

  private static Sums sums(String entry) {
    return new Sums(
        TypedKernel.of(StridedCopyCuda.class, "stridedcopy", entry + "_f32"),
        TypedKernel.of(StridedCopyCuda.class, "stridedcopy", entry + "_bf16"));
  }

  /**
   * y is the view of x, written out row-major and without gaps.
   *
   * @param precision of x and y
   * @param x of at least {@link StridedCopyDims#extent} elements
   * @param y of the view's size, written; not x
   */
  public static void forward(
      Gpu gpu, StridedCopyDims d, Precision precision, DeviceMemory x, DeviceMemory y) {
    assert x.bytes() >= precision.bytes() * d.extent() && precision.fits(y, d.size());
    if (d.size() == 0) {
      return;
    }
    StridedCopyDims axes = mergedOf(d);
    long first = (long) d.offset() * precision.bytes();
    DeviceMemory from = x.slice(first, x.bytes() - first);
    int unit = WIDEST_UNIT; // bytes that are copied at once
    while (unit > precision.bytes() && !isMadeOf(axes, unit / precision.bytes(), unit, from, y)) {
      unit /= 2;
    }
    int elements = unit / precision.bytes();
    int last = axes.rank() - 1;
    int count = d.size() / elements;
    Arguments arguments = new Arguments().pointer(from).pointer(y).int32(count);
    arguments.int32(axes.rank());
    for (int i = 0; i < MOST_AXES; i++) { // the innermost first
      int dim = i > last ? 1 : axes.dims()[last - i];
      arguments.int32(i == 0 ? dim / elements : dim);
    }
    for (int i = 0; i < MOST_AXES; i++) {
      int stride = i > last ? 0 : axes.strides()[last - i];
      arguments.int32(i == 0 && elements > 1 ? 1 : stride / elements);
    }
    gpu.launch(COPY[Integer.numberOfTrailingZeros(unit) - 1], Grids.elements(count), arguments);
  }

  /** Whether the view is made of runs of so many elements that can be copied at once. */
  private static boolean isMadeOf(
      StridedCopyDims axes, int elements, int unit, DeviceMemory x, DeviceMemory y) {
    int last = axes.rank() - 1;
    if (last < 0 || axes.strides()[last] != 1 || axes.dims()[last] % elements != 0) {
      return false;
    }
    for (int axis = 0; axis < last; axis++) {
      if (axes.strides()[axis] % elements != 0) {
        return false;
      }
    }
    return new Arguments().pointer(x).pointer(y).pointersAreMultiplesOf(unit);
  }

  private static StridedCopyDims mergedOf(StridedCopyDims d) {
    StridedCopyDims axes = d.merged();
    if (axes.rank() > MOST_AXES) {
      throw new IllegalArgumentException(
          "a view with %d axes that do not merge, at most %d can be copied on a GPU"
              .formatted(axes.rank(), MOST_AXES));
    }
    return axes;
  }

  /**
   * dx += scale·Σ dy at the place of each element of the view, over the axes along which it is
   * repeated: the gradient of {@link #forward} for scale 1, of broadcasting. The axes of other
   * strides must not overlap. A sum is in f32 and in an order that depends on the sizes alone.
   *
   * @param dy of the view's size, row-major without gaps, in {@code ofDy}
   * @param dx like x, in {@code ofDx}, added to
   */
  public static void backward(
      Gpu gpu,
      StridedCopyDims d,
      float scale,
      Precision ofDy,
      DeviceMemory dy,
      Precision ofDx,
      DeviceMemory dx) {
    assert dx.bytes() >= ofDx.bytes() * d.extent() && ofDy.fits(dy, d.size());
    if (d.size() == 0) {
      return; // nothing is added
    }
    StridedCopyDims axes = mergedOf(d);
    int rank = axes.rank();
    int[][] kept = new int[3][rank]; // lengths, strides in dy, strides in dx; the innermost first
    int[][] repeated = new int[2][rank];
    int keptAxes = 0;
    int repeatedAxes = 0;
    int sums = 1;
    int inDy = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
      int dim = axes.dims()[axis];
      if (axes.strides()[axis] == 0) {
        repeated[0][repeatedAxes] = dim;
        repeated[1][repeatedAxes] = inDy;
        repeatedAxes++;
      } else {
        kept[0][keptAxes] = dim;
        kept[1][keptAxes] = inDy;
        kept[2][keptAxes] = axes.strides()[axis];
        keptAxes++;
        sums *= dim;
      }
      inDy *= dim;
    }
    int repeats = d.size() / sums;
    boolean isInnermost = rank > 0 && axes.strides()[rank - 1] == 0;
    boolean byWarp = repeats >= WARP && (isInnermost || sums < ENOUGH_SUMS);
    long first = (long) d.offset() * ofDx.bytes();
    Arguments arguments =
        new Arguments()
            .pointer(dy)
            .pointer(dx.slice(first, dx.bytes() - first))
            .int32(sums)
            .int32(repeats)
            .float32(scale);
    append(arguments, keptAxes, kept);
    append(arguments, repeatedAxes, repeated);
    gpu.launch(
        (byWarp ? SUM_BY_WARP : SUM_BY_THREAD).in(ofDy, ofDx),
        Launch.of(
            Math.toIntExact(Math.ceilDiv((long) sums * (byWarp ? WARP : 1), THREADS)), THREADS),
        arguments);
  }

  private static void append(Arguments arguments, int axes, int[][] numbers) {
    arguments.int32(axes);
    for (int[] ofAxes : numbers) {
      for (int i = 0; i < MOST_AXES; i++) {
        arguments.int32(i < axes ? ofAxes[i] : 0);
      }
    }
  }
}
