package dev.diptych.kernels.elementwise;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;
import org.jspecify.annotations.Nullable;

/** Element-wise operations on a GPU; the kernels are in {@code elementwise.cu}. */
public final class ElementwiseCuda {
  private static final TypedKernel ADD = kernel("add");
  private static final TypedKernel ADD_ROWS = kernel("add_rows");
  private static final TypedKernel SUBTRACT = kernel("subtract");
  private static final TypedKernel SUBTRACT_ROWS = kernel("subtract_rows");
  private static final TypedKernel MULTIPLY = kernel("multiply");
  private static final TypedKernel MULTIPLY_ROWS = kernel("multiply_rows");
  private static final TypedKernel SCALE = kernel("scale");
  private static final TypedKernel ACCUMULATE = kernel("accumulate");

  private ElementwiseCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(ElementwiseCuda.class, "elementwise", entry);
  }

  /**
   * y = a ∘ b.
   *
   * @param a (N, C)
   * @param b (C)
   * @param y (N, C), written; may be a, and may be b if N = 1
   */
  public static void forward(
      Gpu gpu,
      ElementwiseDims d,
      Operation operation,
      Precision precision,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory y) {
    assert precision.fits(a, d.size()) && precision.fits(b, d.c()) && precision.fits(y, d.size());
    boolean rows = d.n() != 1;
    TypedKernel kernel =
        switch (operation) {
          case ADD -> rows ? ADD_ROWS : ADD;
          case SUBTRACT -> rows ? SUBTRACT_ROWS : SUBTRACT;
          case MULTIPLY -> rows ? MULTIPLY_ROWS : MULTIPLY;
        };
    Arguments arguments = new Arguments().pointer(a).pointer(b).pointer(y).int64(d.size());
    gpu.launch(
        kernel.in(precision), Grids.elements(d.size()), rows ? arguments.int32(d.c()) : arguments);
  }

  /**
   * The gradients of {@link #forward} in f32.
   *
   * @param a (N, C)
   * @param b (C)
   * @param dy (N, C)
   * @param da (N, C), written, or null if not wanted; may be dy if {@code db} is null
   * @param db (C), added to, or null if not wanted
   */
  public static void backward(
      Gpu gpu,
      ElementwiseDims d,
      Operation operation,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory dy,
      @Nullable DeviceMemory da,
      @Nullable DeviceMemory db) {
    assert dy.floatCount() == d.size();
    if (da != null) {
      switch (operation) {
        case ADD, SUBTRACT -> gpu.copy(dy, da);
        case MULTIPLY -> forward(gpu, d, Operation.MULTIPLY, Precision.F32, dy, b, da);
      }
    }
    if (db != null) {
      ReduceDims rows = new ReduceDims(d.n(), d.c());
      switch (operation) {
        case ADD -> ReduceCuda.sumRows(gpu, rows, 1, dy, db);
        case SUBTRACT -> ReduceCuda.sumRows(gpu, rows, -1, dy, db);
        case MULTIPLY -> ReduceCuda.sumRowsOfProducts(gpu, rows, dy, a, db);
      }
    }
  }

  /**
   * y = factor·x. The gradient is dx = factor·dy: the same function.
   *
   * @param x any
   * @param y as long as x, written; may be x
   */
  public static void scale(
      Gpu gpu, Precision precision, float factor, DeviceMemory x, DeviceMemory y) {
    launch(gpu, SCALE, precision, factor, x, y);
  }

  /**
   * y ← y + factor·x.
   *
   * @param x any
   * @param y as long as x, added to
   */
  public static void accumulate(
      Gpu gpu, Precision precision, float factor, DeviceMemory x, DeviceMemory y) {
    launch(gpu, ACCUMULATE, precision, factor, x, y);
  }

  private static void launch(
      Gpu gpu,
      TypedKernel kernel,
      Precision precision,
      float factor,
      DeviceMemory x,
      DeviceMemory y) {
    assert x.bytes() == y.bytes();
    long n = x.bytes() / precision.bytes();
    gpu.launch(
        kernel.in(precision),
        Grids.elements(n),
        new Arguments().pointer(x).pointer(y).int64(n).float32(factor));
  }
}
