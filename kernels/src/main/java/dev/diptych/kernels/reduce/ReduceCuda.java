package dev.diptych.kernels.reduce;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/**
 * Reductions on a GPU; the kernels are in {@code reduce.cu}. What is added to what depends on the
 * sizes alone, so the bits are the same on every GPU.
 */
public final class ReduceCuda {
  private static final TypedKernel SUM_ROWS = typed("sum_rows_partial");
  private static final TypedKernel SUM_ROWS_WIDE = typed("sum_rows_wide_partial");
  private static final TypedKernel SUM_ROWS_OF_PRODUCTS = typed("sum_rows_of_products_partial");
  private static final Kernel JOIN_CHUNKS = kernel("join_chunks");
  private static final Kernel SUM_COLUMNS = kernel("sum_columns");
  private static final TypedKernel SUM = typed("sum_partial");
  private static final Kernel SUM_JOIN = kernel("sum_join");
  private static final Kernel SQUARES = kernel("sum_squares_partial");
  private static final Kernel SQUARES_JOIN = kernel("sum_squares_join");
  private static final Kernel MAX = kernel("max_columns");
  private static final Kernel SUM_ROWS_BACKWARD = kernel("sum_rows_backward");
  private static final Kernel SUM_COLUMNS_BACKWARD = kernel("sum_columns_backward");
  private static final Kernel MAX_BACKWARD = kernel("max_columns_backward");

  private static final int WARP = 32;
  private static final int SUM_THREADS = 256;
  private static final int JOIN_THREADS = 1024;
  private static final int ELEMENTS_PER_SUM = 4096;
  private static final int LEAST_ROWS_PER_CHUNK = 64;
  private static final int MOST_CHUNKS = 1024;
  private static final int WIDE_BYTES = 16;

  private ReduceCuda() {}

  private static Kernel kernel(String entry) {
    return Kernel.of(ReduceCuda.class, "reduce", entry);
  }

  private static TypedKernel typed(String entry) {
    return TypedKernel.of(ReduceCuda.class, "reduce", entry);
  }

  /** Rows that make one partial sum of a column: what {@code sumChunk} of columns.cuh takes. */
  public static int rowsPerChunk(int rows) {
    return Math.max(LEAST_ROWS_PER_CHUNK, Math.ceilDiv(rows, MOST_CHUNKS));
  }

  /**
   * The launch of a kernel made of {@code sumChunk}, for {@code rows} rows of {@code c} columns.
   */
  public static Launch chunks(int rows, int c) {
    return Launch.of(0, SUM_THREADS)
        .withGrid(Math.ceilDiv(c, WARP), Math.ceilDiv(rows, rowsPerChunk(rows)), 1);
  }

  /**
   * sum_c ← sum_c + scale·Σ partial_i,c.
   *
   * @param partial (chunks, stride), of whose rows the first {@code c} elements are joined
   * @param sum (c), added to
   */
  public static void joinChunks(
      Gpu gpu, DeviceMemory partial, int chunks, int c, int stride, float scale, DeviceMemory sum) {
    gpu.launch(
        JOIN_CHUNKS,
        Launch.of(Math.ceilDiv(c, WARP), WARP * WARP),
        new Arguments()
            .pointer(partial)
            .pointer(sum)
            .int32(chunks)
            .int32(c)
            .int32(stride)
            .float32(scale));
  }

  /**
   * sum ← sum + scale·Σ_n x.
   *
   * @param precision of x
   * @param x (N, C)
   * @param sum (C), f32, added to
   */
  public static void sumRows(
      Gpu gpu, ReduceDims d, Precision precision, float scale, DeviceMemory x, DeviceMemory sum) {
    assert precision.fits(x, (long) d.n() * d.c()) && sum.floatCount() == d.c();
    Arguments rows = new Arguments().pointer(x);
    int wide = WIDE_BYTES / precision.bytes();
    boolean isWide = rows.pointersAreMultiplesOf(WIDE_BYTES) && d.c() % wide == 0;
    TypedKernel kernel = isWide ? SUM_ROWS_WIDE : SUM_ROWS;
    Launch launch = chunks(d.n(), isWide ? d.c() / wide : d.c());
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats((long) launch.gridY() * d.c());
      gpu.launch(kernel.in(precision), launch, sizes(rows.pointer(partial), d));
      joinChunks(gpu, partial, launch.gridY(), d.c(), d.c(), scale, sum);
    }
  }

  /**
   * sum ← sum + Σ_n x·y.
   *
   * @param precision of x and y
   * @param x (N, C)
   * @param y (N, C)
   * @param sum (C), f32, added to
   */
  public static void sumRowsOfProducts(
      Gpu gpu,
      ReduceDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory y,
      DeviceMemory sum) {
    assert precision.fits(x, (long) d.n() * d.c()) && y.bytes() == x.bytes();
    assert sum.floatCount() == d.c();
    Launch launch = chunks(d.n(), d.c());
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats((long) launch.gridY() * d.c());
      gpu.launch(
          SUM_ROWS_OF_PRODUCTS.in(precision),
          launch,
          sizes(new Arguments().pointer(x).pointer(y).pointer(partial), d));
      joinChunks(gpu, partial, launch.gridY(), d.c(), d.c(), 1, sum);
    }
  }

  private static Arguments sizes(Arguments arguments, ReduceDims d) {
    return arguments.int32(d.n()).int32(d.c()).int32(rowsPerChunk(d.n()));
  }

  /**
   * sum = scale·Σ_c x.
   *
   * @param x (N, C)
   * @param sum (N), written
   */
  public static void sumColumns(
      Gpu gpu, ReduceDims d, float scale, DeviceMemory x, DeviceMemory sum) {
    assert x.floatCount() == d.size() && sum.floatCount() == d.n();
    gpu.launch(
        SUM_COLUMNS,
        Grids.warpPerRow(d.n()),
        new Arguments().pointer(x).pointer(sum).int32(d.n()).int32(d.c()).float32(scale));
  }

  /**
   * sum = scale·Σ x over all elements.
   *
   * @param precision of x
   * @param x any
   * @param sum (1), f32, written
   */
  public static void sum(
      Gpu gpu, Precision precision, float scale, DeviceMemory x, DeviceMemory sum) {
    long n = x.bytes() / precision.bytes();
    int blocks = blocks(n);
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats(blocks);
      gpu.launch(
          SUM.in(precision),
          Launch.of(blocks, SUM_THREADS),
          new Arguments().pointer(x).pointer(partial).int64(n));
      gpu.launch(
          SUM_JOIN,
          Launch.of(1, JOIN_THREADS),
          new Arguments().pointer(partial).pointer(sum).int32(blocks).float32(scale));
    }
  }

  /**
   * sum = Σ x², in double.
   *
   * @param x any, f32
   * @param sum (1) of 8 bytes, written
   */
  public static void sumOfSquares(Gpu gpu, DeviceMemory x, DeviceMemory sum) {
    assert sum.bytes() == Double.BYTES;
    int blocks = blocks(x.floatCount());
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.allocate((long) Double.BYTES * blocks);
      gpu.launch(
          SQUARES,
          Launch.of(blocks, SUM_THREADS),
          new Arguments().pointer(x).pointer(partial).int64(x.floatCount()));
      gpu.launch(
          SQUARES_JOIN,
          Launch.of(1, JOIN_THREADS),
          new Arguments().pointer(partial).pointer(sum).int32(blocks));
    }
  }

  private static int blocks(long n) {
    return Math.toIntExact(Math.ceilDiv(n, (long) ELEMENTS_PER_SUM));
  }

  /**
   * The largest element of each row and its first place; a NaN is the largest.
   *
   * @param x (N, C), C ≥ 1
   * @param max (N), written
   * @param index (N) ints, written
   */
  public static void max(
      Gpu gpu, ReduceDims d, DeviceMemory x, DeviceMemory max, DeviceMemory index) {
    assert x.floatCount() == d.size() && d.c() >= 1;
    gpu.launch(
        MAX,
        Grids.warpPerRow(d.n()),
        new Arguments().pointer(x).pointer(max).pointer(index).int32(d.n()).int32(d.c()));
  }

  /**
   * The gradient of {@link #sumRows}: dx = scale·dy in every row.
   *
   * @param dy (C)
   * @param dx (N, C), written
   */
  public static void sumRowsBackward(
      Gpu gpu, ReduceDims d, float scale, DeviceMemory dy, DeviceMemory dx) {
    assert dy.floatCount() == d.c() && dx.floatCount() == d.size();
    gpu.launch(
        SUM_ROWS_BACKWARD,
        Launch.of(0, SUM_THREADS)
            .withGrid(Math.ceilDiv(d.c(), SUM_THREADS), Math.min(d.n(), MOST_CHUNKS), 1),
        new Arguments().pointer(dy).pointer(dx).int32(d.n()).int32(d.c()).float32(scale));
  }

  /**
   * The gradient of {@link #sumColumns}: dx = scale·dy in every column.
   *
   * @param dy (N)
   * @param dx (N, C), written
   */
  public static void sumColumnsBackward(
      Gpu gpu, ReduceDims d, float scale, DeviceMemory dy, DeviceMemory dx) {
    assert dy.floatCount() == d.n() && dx.floatCount() == d.size();
    gpu.launch(
        SUM_COLUMNS_BACKWARD,
        Grids.warpPerRow(d.n()),
        new Arguments().pointer(dy).pointer(dx).int32(d.n()).int32(d.c()).float32(scale));
  }

  /**
   * The gradient of {@link #max}: dx = dy at the maximum, 0 elsewhere.
   *
   * @param index (N) ints, of {@link #max}
   * @param dy (N)
   * @param dx (N, C), written
   */
  public static void maxBackward(
      Gpu gpu, ReduceDims d, DeviceMemory index, DeviceMemory dy, DeviceMemory dx) {
    assert dy.floatCount() == d.n() && dx.floatCount() == d.size();
    gpu.launch(
        MAX_BACKWARD,
        Grids.warpPerRow(d.n()),
        new Arguments().pointer(index).pointer(dy).pointer(dx).int32(d.n()).int32(d.c()));
  }
}
