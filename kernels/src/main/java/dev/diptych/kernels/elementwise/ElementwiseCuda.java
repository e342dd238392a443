package dev.diptych.kernels.elementwise;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Kernel;
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
  private static final TypedKernel FILL = kernel("fill");
  private static final FromTo ACCUMULATE = fromTo("accumulate");
  private static final FromTo ACCUMULATE_PRODUCTS = fromTo("accumulate_products");
  private static final FromTo CONVERT = fromTo("convert");
  private static final Kernel CLAMP = Kernel.of(ElementwiseCuda.class, "elementwise", "clamp_f32");

  /**
   * A kernel that reads one precision and writes another, or the same.
   *
   * @param f32 those that read f32
   * @param bf16 those that read bf16
   */
  private record FromTo(TypedKernel f32, TypedKernel bf16) {
    Kernel in(Precision from, Precision to) {
      return switch (from) {
        case F32 -> f32.in(to);
        case BF16 -> bf16.in(to);
      };
    }
  }

  private ElementwiseCuda() {}

  private static FromTo fromTo(String entry) {
    return new FromTo(kernel(entry + "_f32"), kernel(entry + "_bf16"));
  }

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
   * The gradients of {@link #forward}.
   *
   * @param precision of a, b, dy and da
   * @param a (N, C); read only by a product's db
   * @param b (C); read only by a product's da
   * @param dy (N, C)
   * @param da (N, C), written, or null if not wanted; may be dy if {@code db} is null
   * @param ofDb the precision of db: f32 where b is a parameter; sums are f32 in either case
   * @param db (C), added to, or null if not wanted
   */
  public static void backward(
      Gpu gpu,
      ElementwiseDims d,
      Operation operation,
      Precision precision,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory dy,
      @Nullable DeviceMemory da,
      Precision ofDb,
      @Nullable DeviceMemory db) {
    assert precision.fits(dy, d.size());
    if (da != null) {
      switch (operation) {
        case ADD, SUBTRACT -> gpu.copy(dy, da);
        case MULTIPLY -> forward(gpu, d, Operation.MULTIPLY, precision, dy, b, da);
      }
    }
    if (db != null) {
      if (d.n() == 1) { // no sum over rows
        switch (operation) {
          case ADD -> accumulate(gpu, 1, precision, dy, ofDb, db);
          case SUBTRACT -> accumulate(gpu, -1, precision, dy, ofDb, db);
          case MULTIPLY ->
              gpu.launch(
                  ACCUMULATE_PRODUCTS.in(precision, ofDb),
                  Grids.elements(d.size()),
                  new Arguments().pointer(dy).pointer(a).pointer(db).int64(d.size()));
        }
        return;
      }
      switch (ofDb) {
        case F32 -> addSums(gpu, d, operation, precision, a, dy, db);
        case BF16 -> {
          try (GpuScope scratch = gpu.scope()) {
            DeviceMemory sums = scratch.floats(d.c());
            fill(gpu, Precision.F32, sums, 0);
            addSums(gpu, d, operation, precision, a, dy, sums);
            accumulate(gpu, 1, Precision.F32, sums, ofDb, db);
          }
        }
      }
    }
  }

  private static void addSums(
      Gpu gpu,
      ElementwiseDims d,
      Operation operation,
      Precision precision,
      DeviceMemory a,
      DeviceMemory dy,
      DeviceMemory db) {
    ReduceDims rows = new ReduceDims(d.n(), d.c());
    switch (operation) {
      case ADD -> ReduceCuda.sumRows(gpu, rows, precision, 1, dy, db);
      case SUBTRACT -> ReduceCuda.sumRows(gpu, rows, precision, -1, dy, db);
      case MULTIPLY -> ReduceCuda.sumRowsOfProducts(gpu, rows, precision, dy, a, db);
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
    assert x.bytes() == y.bytes();
    long n = x.bytes() / precision.bytes();
    gpu.launch(
        SCALE.in(precision),
        Grids.elements(n),
        new Arguments().pointer(x).pointer(y).int64(n).float32(factor));
  }

  /**
   * y ← y + factor·x, each in its own precision: a parameter's gradient is f32 and what is added to
   * it may be bf16.
   *
   * @param x any
   * @param y of as many elements as x, added to
   */
  public static void accumulate(
      Gpu gpu, float factor, Precision ofX, DeviceMemory x, Precision ofY, DeviceMemory y) {
    long n = sameCount(ofX, x, ofY, y);
    gpu.launch(
        ACCUMULATE.in(ofX, ofY),
        Grids.elements(n),
        new Arguments().pointer(x).pointer(y).int64(n).float32(factor));
  }

  /**
   * y = x in another precision, or the same: to the nearest, ties to even; NaN stays NaN, and what
   * is beyond the largest number becomes an infinity.
   *
   * @param x any, in {@code from}
   * @param y of as many elements, in {@code to}, written
   */
  public static void convert(
      Gpu gpu, Precision from, DeviceMemory x, Precision to, DeviceMemory y) {
    long n = sameCount(from, x, to, y);
    gpu.launch(
        CONVERT.in(from, to), Grids.elements(n), new Arguments().pointer(x).pointer(y).int64(n));
  }

  private static long sameCount(Precision ofX, DeviceMemory x, Precision ofY, DeviceMemory y) {
    long n = x.bytes() / ofX.bytes();
    assert ofX.fits(x, n) && ofY.fits(y, n)
        : "x is " + x + " in " + ofX + ", y " + y + " in " + ofY;
    return n;
  }

  /**
   * y = value.
   *
   * @param y any, written
   * @param value any; rounded to the precision
   */
  public static void fill(Gpu gpu, Precision precision, DeviceMemory y, float value) {
    long n = y.bytes() / precision.bytes();
    gpu.launch(
        FILL.in(precision), Grids.elements(n), new Arguments().pointer(y).int64(n).float32(value));
  }

  /**
   * x ← min(max(x, least), most). NaN stays NaN.
   *
   * @param x any, f32, changed in place
   * @param least at most {@code most}
   */
  public static void clamp(Gpu gpu, DeviceMemory x, float least, float most) {
    assert least <= most;
    long n = x.floatCount();
    gpu.launch(
        CLAMP, Grids.elements(n), new Arguments().pointer(x).int64(n).float32(least).float32(most));
  }
}
