package dev.diptych.kernels.patchembedding;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.elementwise.ElementwiseCuda;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.MatmulBf16Cuda;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;
import org.jspecify.annotations.Nullable;

/**
 * The patch embedding on a GPU; the kernels are in {@code patchembedding.cu} and {@code matmul}'s.
 */
public final class PatchEmbeddingCuda {
  private static final TypedKernel GATHER = kernel("patches_gather");
  private static final TypedKernel TOKENS = kernel("patches_tokens");
  private static final TypedKernel WEIGHT = kernel("patches_weight");
  private static final Kernel SCATTER =
      Kernel.of(PatchEmbeddingCuda.class, "patchembedding", "patches_scatter");

  /** Packs of a patch of 16×16 pixels. */
  private static final int THREADS = 192;

  private static final int PACK = 4;
  private static final int PACK_BYTES = PACK * Float.BYTES;

  /** Rows of patches that lie in memory at once; a picture's are never cut. */
  private static final long MOST_BYTES = 256L << 20;

  /** Rows begin at multiples of this, as the matrix products want them. */
  private static final int ROW_BYTES = 16;

  private PatchEmbeddingCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(PatchEmbeddingCuda.class, "patchembedding", entry);
  }

  /**
   * Pictures that are treated at once.
   *
   * @param first of them
   * @param count of them
   */
  private record Chunk(PatchEmbeddingDims d, int first, int count) {
    /** Rows of patches: one for each token. */
    int rows() {
      return count * d.tokens();
    }

    DeviceMemory images(DeviceMemory images) {
      long picture = (long) PatchEmbeddingDims.COLOURS * d.size() * d.size();
      return images.floats(first * picture, count * picture);
    }

    DeviceMemory tokens(Precision precision, DeviceMemory y) {
      long picture = (long) precision.bytes() * d.tokens() * d.c();
      return y.slice(first * picture, count * picture);
    }
  }

  /** What is done with each chunk. */
  private interface Action {
    void on(Chunk chunk);
  }

  private static void inChunks(
      PatchEmbeddingDims d, int elementBytes, long mostBytes, Action action) {
    long picture = (long) elementBytes * d.tokens() * stride(d, elementBytes);
    int most = (int) Math.max(1, Math.min(d.b(), mostBytes / picture));
    for (int first = 0; first < d.b(); first += most) {
      action.on(new Chunk(d, first, Math.min(most, d.b() - first)));
    }
  }

  /** Elements from one row of patches to the next: K, or a little more. */
  private static int stride(PatchEmbeddingDims d, int elementBytes) {
    int granule = ROW_BYTES / elementBytes;
    return Math.ceilDiv(d.depth(), granule) * granule;
  }

  /**
   * Class token and projected patches plus positions.
   *
   * @param precision of weight and y
   * @param images (B, 3, S, S), f32
   * @param weight (C, 3, P, P)
   * @param classToken (C), f32
   * @param positions (1+G², C), f32
   * @param y (B, 1+G², C), written; in bf16 positions are rounded before the product is added
   */
  public static void forward(
      Gpu gpu,
      PatchEmbeddingDims d,
      Precision precision,
      DeviceMemory images,
      DeviceMemory weight,
      DeviceMemory classToken,
      DeviceMemory positions,
      DeviceMemory y) {
    forwardWithin(MOST_BYTES, gpu, d, precision, images, weight, classToken, positions, y);
  }

  /** As {@link #forward}, with rows of patches of at most so many bytes: for cases of chunks. */
  public static void forwardWithin(
      long mostBytes,
      Gpu gpu,
      PatchEmbeddingDims d,
      Precision precision,
      DeviceMemory images,
      DeviceMemory weight,
      DeviceMemory classToken,
      DeviceMemory positions,
      DeviceMemory y) {
    assert images.floatCount() == (long) d.b() * PatchEmbeddingDims.COLOURS * d.size() * d.size();
    assert precision.fits(weight, (long) d.c() * d.depth()) && classToken.floatCount() == d.c();
    assert positions.floatCount() == (long) d.tokens() * d.c();
    assert precision.fits(y, (long) d.b() * d.tokens() * d.c());
    if (d.b() == 0 || d.c() == 0) {
      return;
    }
    gpu.launch(
        TOKENS.in(precision),
        Launch.of(Math.multiplyExact(d.b(), d.tokens()), THREADS),
        new Arguments()
            .pointer(classToken)
            .pointer(positions)
            .pointer(y)
            .int32(d.tokens())
            .int32(d.c()));
    int stride = stride(d, precision.bytes());
    try (GpuScope weights = gpu.scope()) {
      DeviceMemory operand = operand(weights, d, precision, weight, stride);
      inChunks(
          d,
          precision.bytes(),
          mostBytes,
          chunk -> {
            try (GpuScope scratch = gpu.scope()) {
              DeviceMemory rows = gathered(scratch, chunk, precision, images, stride);
              DeviceMemory to = chunk.tokens(precision, y);
              MatmulDims product = product(chunk, stride, stride);
              switch (precision) {
                case F32 ->
                    MatmulCuda.multiply(gpu, product, rows, operand, to, CudaEpilogue.ACCUMULATE);
                case BF16 ->
                    MatmulBf16Cuda.multiply(
                        gpu, product, rows, operand, to, precision, CudaEpilogue.ACCUMULATE);
              }
            }
          });
    }
  }

  /** tokens = rows·Wᵀ. */
  private static MatmulDims product(Chunk chunk, int rowStride, int weightStride) {
    PatchEmbeddingDims d = chunk.d;
    return MatmulDims.of(chunk.rows(), d.c(), d.depth(), false, true)
        .withRowStrides(rowStride, weightStride, d.c());
  }

  /** W, or a copy of it whose rows are {@code stride} apart if K is not that. */
  private static DeviceMemory operand(
      GpuScope scope, PatchEmbeddingDims d, Precision precision, DeviceMemory weight, int stride) {
    if (stride == d.depth()) {
      return weight;
    }
    DeviceMemory spread = scope.allocate((long) precision.bytes() * d.c() * stride);
    scope
        .gpu()
        .launch(
            WEIGHT.in(precision),
            Launch.of(d.c(), THREADS),
            new Arguments().pointer(weight).pointer(spread).int32(d.depth()).int32(stride));
    return spread;
  }

  /** The rows of a chunk's patches, one of zeros for each class token. */
  private static DeviceMemory gathered(
      GpuScope scope, Chunk chunk, Precision precision, DeviceMemory images, int stride) {
    DeviceMemory rows = scope.allocate((long) precision.bytes() * chunk.rows() * stride);
    move(scope.gpu(), GATHER.in(precision), chunk, chunk.images(images), rows, stride);
    return rows;
  }

  private static void move(
      Gpu gpu, Kernel kernel, Chunk chunk, DeviceMemory from, DeviceMemory to, int stride) {
    PatchEmbeddingDims d = chunk.d;
    Arguments arguments = new Arguments().pointer(from).pointer(to);
    boolean packed = d.patch() % PACK == 0 && arguments.pointersAreMultiplesOf(PACK_BYTES);
    gpu.launch(
        kernel,
        Launch.of(chunk.rows(), THREADS),
        arguments
            .int32(d.size())
            .int32(d.patch())
            .int32(d.tokens())
            .int32(d.depth())
            .int32(stride)
            .int32(packed ? 1 : 0));
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param precision of weight and dy
   * @param images (B, 3, S, S), f32
   * @param weight (C, 3, P, P), read for dImages alone
   * @param dy (B, 1+G², C)
   * @param dImages (B, 3, S, S), f32, written, or null if not wanted
   * @param dWeight (C, 3, P, P), f32, added to
   * @param dClassToken (C), f32, added to
   * @param dPositions (1+G², C), f32, added to
   */
  public static void backward(
      Gpu gpu,
      PatchEmbeddingDims d,
      Precision precision,
      DeviceMemory images,
      DeviceMemory weight,
      DeviceMemory dy,
      @Nullable DeviceMemory dImages,
      DeviceMemory dWeight,
      DeviceMemory dClassToken,
      DeviceMemory dPositions) {
    backwardWithin(
        MOST_BYTES,
        gpu,
        d,
        precision,
        images,
        weight,
        dy,
        dImages,
        dWeight,
        dClassToken,
        dPositions);
  }

  /** As {@link #backward}, with rows of patches of at most so many bytes: for cases of chunks. */
  public static void backwardWithin(
      long mostBytes,
      Gpu gpu,
      PatchEmbeddingDims d,
      Precision precision,
      DeviceMemory images,
      DeviceMemory weight,
      DeviceMemory dy,
      @Nullable DeviceMemory dImages,
      DeviceMemory dWeight,
      DeviceMemory dClassToken,
      DeviceMemory dPositions) {
    long tokenRow = (long) d.tokens() * d.c();
    assert images.floatCount() == (long) d.b() * PatchEmbeddingDims.COLOURS * d.size() * d.size();
    assert precision.fits(weight, (long) d.c() * d.depth());
    assert precision.fits(dy, d.b() * tokenRow) && dWeight.floatCount() == (long) d.c() * d.depth();
    assert dClassToken.floatCount() == d.c() && dPositions.floatCount() == tokenRow;
    if (d.b() == 0 || d.c() == 0) {
      return;
    }
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory sums = scratch.floats(tokenRow);
      ElementwiseCuda.fill(gpu, Precision.F32, sums, 0);
      ReduceDims items = new ReduceDims(d.b(), Math.toIntExact(tokenRow));
      ReduceCuda.sumRows(gpu, items, precision, 1, dy, sums);
      ElementwiseCuda.accumulate(gpu, 1, Precision.F32, sums, Precision.F32, dPositions);
      DeviceMemory ofClass = sums.floats(0, d.c());
      ElementwiseCuda.accumulate(gpu, 1, Precision.F32, ofClass, Precision.F32, dClassToken);
    }
    inChunks(
        d,
        precision.bytes(),
        mostBytes,
        chunk -> addToWeight(gpu, chunk, precision, images, dy, dWeight));
    if (dImages != null) {
      int stride = stride(d, precision.bytes());
      try (GpuScope weights = gpu.scope()) {
        DeviceMemory operand = operand(weights, d, precision, weight, stride);
        inChunks(
            d,
            Float.BYTES,
            mostBytes,
            chunk -> writeImages(gpu, chunk, precision, operand, stride, dy, dImages));
      }
    }
  }

  /** dW += dyᵀ·rows. */
  private static void addToWeight(
      Gpu gpu,
      Chunk chunk,
      Precision precision,
      DeviceMemory images,
      DeviceMemory dy,
      DeviceMemory dWeight) {
    int stride = stride(chunk.d, precision.bytes());
    MatmulDims product = product(chunk, stride, chunk.d.depth());
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory rows = gathered(scratch, chunk, precision, images, stride);
      DeviceMemory from = chunk.tokens(precision, dy);
      switch (precision) {
        case F32 ->
            MatmulCuda.backwardB(gpu, product, rows, from, dWeight, CudaEpilogue.ACCUMULATE);
        case BF16 ->
            MatmulBf16Cuda.backwardB(
                gpu, product, rows, from, dWeight, Precision.F32, CudaEpilogue.ACCUMULATE);
      }
    }
  }

  /** dImages = dy·W, put back where the patches came from. */
  private static void writeImages(
      Gpu gpu,
      Chunk chunk,
      Precision precision,
      DeviceMemory operand,
      int weightStride,
      DeviceMemory dy,
      DeviceMemory dImages) {
    int stride = stride(chunk.d, Float.BYTES);
    MatmulDims product = product(chunk, stride, weightStride);
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory rows = scratch.floats((long) chunk.rows() * stride);
      DeviceMemory from = chunk.tokens(precision, dy);
      switch (precision) {
        case F32 -> MatmulCuda.backwardA(gpu, product, operand, from, rows, CudaEpilogue.NONE);
        case BF16 ->
            MatmulBf16Cuda.backwardA(
                gpu, product, operand, from, rows, Precision.F32, CudaEpilogue.NONE);
      }
      move(gpu, SCATTER, chunk, rows, chunk.images(dImages), stride);
    }
  }
}
