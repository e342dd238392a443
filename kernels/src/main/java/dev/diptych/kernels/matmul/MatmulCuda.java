package dev.diptych.kernels.matmul;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;

/**
 * Matrix multiplication in f32 on a GPU; the kernels are in {@code matmul.cu}. How a product is cut
 * depends on its sizes alone, so the bits are the same on every GPU.
 */
public final class MatmulCuda {
  private static final Form[] LARGE = forms(128);
  private static final Form[] SMALL = forms(64);
  private static final TypedKernel JOIN = TypedKernel.of(MatmulCuda.class, "matmul", "matmul_join");
  private static final int THREADS = 256;

  /** Tiles that fill a large GPU once; with fewer, cuts along K and smaller tiles are better. */
  private static final int ENOUGH_TILES = 128;

  /** The least of K that is worth a block of its own; a multiple of every slice's depth. */
  private static final int LEAST_DEPTH = 256;

  private static final int DEPTH_GRANULE = 16;
  private static final int MOST_SPLITS = 64;
  private static final int PACK = 4;

  /**
   * The kernel for one tile size and one pair of transpositions.
   *
   * @param kernel the kernel
   * @param tile rows and columns of C that a block sums
   */
  private record Form(Kernel kernel, int tile) {}

  private MatmulCuda() {}

  private static Form[] forms(int tile) {
    Form[] forms = new Form[4];
    for (int i = 0; i < forms.length; i++) {
      String transposed = (i / 2 == 0 ? "n" : "t") + (i % 2 == 0 ? "n" : "t");
      forms[i] = new Form(kernel("matmul_" + tile + "_" + transposed), tile);
    }
    return forms;
  }

  private static Kernel kernel(String entry) {
    return Kernel.of(MatmulCuda.class, "matmul", entry);
  }

  /**
   * C = op(A)·op(B), then the epilogue: in bf16 by {@link MatmulBf16Cuda}, else here.
   *
   * @param operands the precision of A and B
   * @param a as {@link MatmulDims} lays it out, in elements
   * @param b the same
   * @param c the same, written
   * @param ofC the precision of C and of the epilogue's runs like C; f32 if the operands are
   */
  public static void multiply(
      Gpu gpu,
      MatmulDims d,
      Precision operands,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      CudaEpilogue epilogue) {
    switch (operands) {
      case F32 -> {
        assert ofC == Precision.F32;
        multiply(gpu, d, a, b, c, epilogue);
      }
      case BF16 -> MatmulBf16Cuda.multiply(gpu, d, a, b, c, ofC, epilogue);
    }
  }

  /**
   * The same, and columnSums ← columnSums + Σ_m C: with C the gradient of a layer's output, what
   * the layer's bias collects. In f32 a pass of its own over C, in bf16 part of the product.
   *
   * @param d of a single product with C in one piece
   * @param columnSums (N) in f32, added to
   */
  public static void multiplyAndSumColumns(
      Gpu gpu,
      MatmulDims d,
      Precision operands,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      CudaEpilogue epilogue,
      DeviceMemory columnSums) {
    assert d.batch() == 1 && d.cRowStride() == d.n();
    switch (operands) {
      case F32 -> {
        multiply(gpu, d, operands, a, b, c, ofC, epilogue);
        ReduceCuda.sumRows(gpu, new ReduceDims(d.m(), d.n()), Precision.F32, 1, c, columnSums);
      }
      case BF16 -> MatmulBf16Cuda.multiplyAndSumColumns(gpu, d, a, b, c, ofC, epilogue, columnSums);
    }
  }

  /**
   * C = op(A)·op(B) in f32, then the epilogue.
   *
   * @param a as {@link MatmulDims} lays it out
   * @param b the same
   * @param c the same, written
   */
  public static void multiply(
      Gpu gpu,
      MatmulDims given,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      CudaEpilogue after) {
    assert a.floatCount() >= given.aLength() && b.floatCount() >= given.bLength();
    assert c.floatCount() >= given.cLength();
    MatmulDims d = given.fold();
    EpilogueArguments epilogue = EpilogueArguments.of(after);
    boolean isSum = d.batch() > 1 && d.cBatchStride() == 0;
    assert !isSum || epilogue.bias() == null : "a sum over the batch has no bias";
    int items = isSum ? 1 : d.batch();
    if (d.m() == 0 || d.n() == 0 || items == 0) {
      return;
    }
    int form = (d.transposeA() ? 2 : 0) + (d.transposeB() ? 1 : 0);
    long large = tiles(d, 128) * items;
    boolean isLarge = large * (isSum ? 1 : splits(d, large)) >= ENOUGH_TILES;
    Form kernel = isLarge ? LARGE[form] : SMALL[form];
    int splits = isSum ? 1 : splits(d, tiles(d, kernel.tile()) * items);
    if (splits == 1) {
      launch(gpu, kernel, d, items, 1, a, b, c, d.cRowStride(), d.cBatchStride(), epilogue);
      return;
    }
    long size = (long) d.m() * d.n();
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats(size * splits * items);
      EpilogueArguments none = EpilogueArguments.of(CudaEpilogue.NONE);
      launch(gpu, kernel, d, items, splits, a, b, partial, d.n(), size, none);
      join(gpu, d, items, splits, partial, c, Precision.F32, epilogue);
    }
  }

  /**
   * C from partial sums, then the epilogue.
   *
   * @param partial (splits, items, M, N) in f32
   * @param c in {@code ofC}, written
   */
  static void join(
      Gpu gpu,
      MatmulDims d,
      int items,
      int splits,
      DeviceMemory partial,
      DeviceMemory c,
      Precision ofC,
      EpilogueArguments epilogue) {
    long all = (long) d.m() * d.n() * items;
    gpu.launch(
        JOIN.in(ofC),
        Launch.of(Math.toIntExact(Math.ceilDiv(all, (long) THREADS)), THREADS),
        epilogue
            .pointers(new Arguments().pointer(partial), c)
            .int32(splits)
            .int32(items)
            .int32(d.m())
            .int32(d.n())
            .int32(d.cRowStride())
            .int64(d.cBatchStride())
            .int32(epilogue.kind()));
  }

  private static long tiles(MatmulDims d, int tile) {
    return (long) Math.ceilDiv(d.m(), tile) * Math.ceilDiv(d.n(), tile);
  }

  private static int splits(MatmulDims d, long tiles) {
    long wanted = Math.min(MOST_SPLITS, 2 * ENOUGH_TILES / tiles);
    return (int) Math.max(1, Math.min(wanted, d.k() / LEAST_DEPTH));
  }

  /** Appends the sizes and strides of a product, as every matmul kernel takes them. */
  static Arguments sizes(
      Arguments arguments, MatmulDims d, int items, int cRowStride, long cBatchStride) {
    return arguments
        .int32(d.m())
        .int32(d.n())
        .int32(d.k())
        .int32(d.aRowStride())
        .int32(d.bRowStride())
        .int32(cRowStride)
        .int32(items == d.batch() ? 1 : d.batch()) // products summed into each C
        .int64(d.aBatchStride())
        .int64(d.bBatchStride())
        .int64(cBatchStride);
  }

  private static void launch(
      Gpu gpu,
      Form form,
      MatmulDims d,
      int items,
      int splits,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      int cRowStride,
      long cBatchStride,
      EpilogueArguments epilogue) {
    int depthPerSplit = Math.ceilDiv(Math.ceilDiv(d.k(), splits), DEPTH_GRANULE) * DEPTH_GRANULE;
    Arguments operands = new Arguments().pointer(a).pointer(b);
    boolean packed =
        operands.pointersAreMultiplesOf(PACK * Float.BYTES)
            && (d.aRowStride() | d.bRowStride() | d.aBatchStride() | d.bBatchStride()) % PACK == 0;
    gpu.launch(
        form.kernel(),
        Launch.of(0, THREADS)
            .withGrid(
                Math.ceilDiv(d.n(), form.tile()), Math.ceilDiv(d.m(), form.tile()), items * splits),
        sizes(epilogue.pointers(operands, c), d, items, cRowStride, cBatchStride)
            .int32(splits)
            .int32(depthPerSplit)
            .int32(epilogue.kind())
            .int32(packed ? 1 : 0));
  }

  /**
   * The gradient of A: dA = dC·op(B)ᵀ, in the layout of A.
   *
   * @param d of the forward product
   * @param operands the precision of B and dC
   * @param dc like C
   * @param da like A; summed over the batch where the items share A
   * @param ofGradient the precision of dA; f32 if the operands are
   * @param epilogue {@link CudaEpilogue#NONE} overwrites da, {@link CudaEpilogue#ACCUMULATE} adds
   */
  public static void backwardA(
      Gpu gpu,
      MatmulDims d,
      Precision operands,
      DeviceMemory b,
      DeviceMemory dc,
      DeviceMemory da,
      Precision ofGradient,
      CudaEpilogue epilogue) {
    DeviceMemory first = d.transposeA() ? b : dc;
    DeviceMemory second = d.transposeA() ? dc : b;
    multiply(gpu, d.forGradientOfA(), operands, first, second, da, ofGradient, epilogue);
  }

  /**
   * The gradient of B: dB = op(A)ᵀ·dC, in the layout of B.
   *
   * @param d of the forward product
   * @param operands the precision of A and dC
   * @param dc like C
   * @param db like B; summed over the batch where the items share B
   * @param ofGradient the precision of dB; f32 if the operands are
   * @param epilogue {@link CudaEpilogue#NONE} overwrites db, {@link CudaEpilogue#ACCUMULATE} adds
   */
  public static void backwardB(
      Gpu gpu,
      MatmulDims d,
      Precision operands,
      DeviceMemory a,
      DeviceMemory dc,
      DeviceMemory db,
      Precision ofGradient,
      CudaEpilogue epilogue) {
    DeviceMemory first = d.transposeB() ? dc : a;
    DeviceMemory second = d.transposeB() ? a : dc;
    multiply(gpu, d.forGradientOfB(), operands, first, second, db, ofGradient, epilogue);
  }
}
