package dev.diptych.kernels.matmul;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.reduce.ReduceCuda;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Matrix multiplication of bf16 on a GPU's tensor cores, summed in f32; the kernels are in {@code
 * matmulbf16.cu}. How K is cut depends on the sizes alone, and tiles have no part in the order of
 * sums, so the bits are the same on every GPU of a generation. How tensor cores round within one
 * instruction is not specified, and differs between generations (Fasi et al. 2021).
 */
public final class MatmulBf16Cuda {
  /** Of K, a slice. */
  static final int DEPTH = 64;

  /** Those of the GPU for which products are cut: an H100 or H200. */
  static final int MULTIPROCESSORS = 132;

  /** By tile and transpositions. */
  private static final Map<TensorCoreTile, Kernel[]> KERNELS = kernels();

  private static final int LEAST_SLICES = 4;
  private static final int MOST_SPLITS = 64;
  private static final int CHUNK_BYTES = 16;
  private static final int CHUNK = CHUNK_BYTES / Short.BYTES;
  private static final int PACK = 4;

  /**
   * How a product is cut.
   *
   * @param tile what a block sums
   * @param splits into how many parts K is cut
   */
  private record Cut(TensorCoreTile tile, int splits) {
    int depth(MatmulDims d) {
      return Math.ceilDiv(Math.ceilDiv(d.k(), splits), DEPTH) * DEPTH;
    }
  }

  private MatmulBf16Cuda() {}

  private static Map<TensorCoreTile, Kernel[]> kernels() {
    Map<TensorCoreTile, Kernel[]> kernels = new EnumMap<>(TensorCoreTile.class);
    for (TensorCoreTile tile : TensorCoreTile.values()) {
      Kernel[] forms = new Kernel[4];
      for (int i = 0; i < forms.length; i++) {
        String transposed = (i / 2 == 0 ? "n" : "t") + (i % 2 == 0 ? "n" : "t");
        String entry = "matmulbf16_" + tile.m() + "x" + tile.n() + "_" + transposed;
        forms[i] = Kernel.of(MatmulBf16Cuda.class, "matmulbf16", entry);
      }
      kernels.put(tile, forms);
    }
    return kernels;
  }

  /**
   * C = op(A)·op(B), then the epilogue.
   *
   * @param a bf16, as {@link MatmulDims} lays it out, in elements
   * @param b the same
   * @param c the same in {@code ofC}, written
   * @param ofC the precision of C and of the epilogue's runs like C
   */
  public static void multiply(
      Gpu gpu,
      MatmulDims d,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      CudaEpilogue epilogue) {
    multiply(gpu, d, a, b, c, ofC, epilogue, null, null);
  }

  /**
   * The same, and columnSums ← columnSums + Σ_m C over all items: with C the gradient of a layer's
   * output, what the layer's bias collects.
   *
   * @param columnSums (N) in f32, added to; the sums are of C before it is rounded to {@code ofC}
   */
  public static void multiplyAndSumColumns(
      Gpu gpu,
      MatmulDims d,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      CudaEpilogue epilogue,
      DeviceMemory columnSums) {
    multiply(gpu, d, a, b, c, ofC, epilogue, columnSums, null);
  }

  /** As {@link #multiply}, with this tile and K uncut: for cases and timings of each tile. */
  public static void multiplyWith(
      TensorCoreTile tile,
      Gpu gpu,
      MatmulDims d,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      CudaEpilogue epilogue,
      @Nullable DeviceMemory columnSums) {
    multiply(gpu, d, a, b, c, ofC, epilogue, columnSums, new Cut(tile, 1));
  }

  private static void multiply(
      Gpu gpu,
      MatmulDims given,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      CudaEpilogue after,
      @Nullable DeviceMemory columnSums,
      @Nullable Cut chosen) {
    assert a.bytes() >= (long) Short.BYTES * given.aLength();
    assert b.bytes() >= (long) Short.BYTES * given.bLength();
    assert c.bytes() >= (long) ofC.bytes() * given.cLength();
    MatmulDims d = given.fold();
    EpilogueArguments epilogue = EpilogueArguments.of(after);
    boolean isSum = d.batch() > 1 && d.cBatchStride() == 0;
    assert !isSum || epilogue.bias() == null : "a sum over the batch has no bias";
    int items = isSum ? 1 : d.batch();
    if (d.m() == 0 || d.n() == 0 || items == 0) {
      return;
    }
    boolean mayCut = !isSum && columnSums == null;
    Cut cut = chosen != null ? chosen : cut(gpu, d, items, mayCut);
    if (cut.splits == 1) {
      sumUncut(gpu, cut, d, items, a, b, c, ofC, epilogue, columnSums);
      return;
    }
    long size = (long) d.m() * d.n();
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats(size * cut.splits * items);
      EpilogueArguments none = EpilogueArguments.of(CudaEpilogue.NONE);
      launch(gpu, cut, d, items, a, b, partial, Precision.F32, d.n(), size, none, null);
      MatmulCuda.join(gpu, d, items, cut.splits, partial, c, ofC, epilogue);
    }
  }

  private static void sumUncut(
      Gpu gpu,
      Cut cut,
      MatmulDims d,
      int items,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      EpilogueArguments epilogue,
      @Nullable DeviceMemory columnSums) {
    int row = d.cRowStride();
    if (columnSums == null) {
      launch(gpu, cut, d, items, a, b, c, ofC, row, d.cBatchStride(), epilogue, null);
      return;
    }
    int chunks = items * cut.tile.down(d);
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats((long) chunks * d.n());
      launch(gpu, cut, d, items, a, b, c, ofC, row, d.cBatchStride(), epilogue, partial);
      ReduceCuda.joinChunks(gpu, partial, chunks, d.n(), d.n(), 1, columnSums);
    }
  }

  /** The cheapest tile and number of parts, then a tile that this GPU has room for. */
  private static Cut cut(Gpu gpu, MatmulDims d, int items, boolean mayCut) {
    int most = mayCut ? Math.min(MOST_SPLITS, Math.max(1, d.k() / (LEAST_SLICES * DEPTH))) : 1;
    Cut best = new Cut(TensorCoreTile.SMALL, 1);
    double least = Double.POSITIVE_INFINITY;
    for (TensorCoreTile tile : TensorCoreTile.values()) {
      for (int splits = 1; splits <= most; splits++) {
        Cut cut = new Cut(tile, splits);
        double cost = tile.cost(d, items, cut.depth(d), splits);
        if (cost < least) {
          least = cost;
          best = cut;
        }
      }
    }
    int room = gpu.properties().sharedBytesPerBlock();
    TensorCoreTile tile = best.tile;
    while (tile.sharedBytes() > room && tile != TensorCoreTile.SMALL) {
      tile = tile == TensorCoreTile.LARGE ? TensorCoreTile.MEDIUM : TensorCoreTile.SMALL;
    }
    return new Cut(tile, best.splits);
  }

  private static void launch(
      Gpu gpu,
      Cut cut,
      MatmulDims d,
      int items,
      DeviceMemory a,
      DeviceMemory b,
      DeviceMemory c,
      Precision ofC,
      int cRowStride,
      long cBatchStride,
      EpilogueArguments epilogue,
      @Nullable DeviceMemory columnSums) {
    Arguments operands = new Arguments().pointer(a).pointer(b);
    boolean packed =
        operands.pointersAreMultiplesOf(CHUNK_BYTES)
            && (d.aRowStride() | d.bRowStride() | d.aBatchStride() | d.bBatchStride()) % CHUNK == 0;
    boolean packedC =
        epilogue.likeC(c).pointersAreMultiplesOf(PACK * ofC.bytes())
            && (cRowStride | cBatchStride) % PACK == 0;
    int form = (d.transposeA() ? 2 : 0) + (d.transposeB() ? 1 : 0);
    gpu.launch(
        Objects.requireNonNull(KERNELS.get(cut.tile))[form],
        Launch.of(0, cut.tile.threads())
            .withGrid(Math.toIntExact(cut.tile.tiles(d)), 1, items * cut.splits)
            .withShared(cut.tile.sharedBytes()),
        MatmulCuda.sizes(
                epilogue.pointers(operands, c).pointer(columnSums),
                d,
                items,
                cRowStride,
                cBatchStride)
            .int32(cut.splits)
            .int32(cut.depth(d))
            .int32(epilogue.kind())
            .int32(ofC == Precision.F32 ? 1 : 0)
            .int32(packed ? 1 : 0)
            .int32(packedC ? 1 : 0));
  }
}
