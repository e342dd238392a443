package dev.diptych.kernels.patchembedding;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.elementwise.ElementwiseCuda;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;
import org.jspecify.annotations.Nullable;

/**
 * The patch embedding on a GPU; the kernels are in {@code patchembedding.cu} and {@code matmul}'s.
 */
public final class PatchEmbeddingCuda {
  private static final TypedKernel TOKENS = kernel("patches_tokens");
  private static final TypedKernel WEIGHT = kernel("patches_weight");

  /** Packs of a row of 768 elements. */
  private static final int THREADS = 192;

  /** Rows of patches that lie in memory at once; a picture's are never cut. */
  private static final long MOST_BYTES = 256L << 20;

  private PatchEmbeddingCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(PatchEmbeddingCuda.class, "patchembedding", entry);
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
    int stride = PatchChunk.stride(d, precision);
    try (GpuScope weights = gpu.scope()) {
      DeviceMemory operand = operand(weights, d, precision, weight);
      for (PatchChunk chunk : PatchChunk.of(d, precision, mostBytes)) {
        try (GpuScope scratch = gpu.scope()) {
          DeviceMemory rows = chunk.gather(scratch, precision, images);
          MatmulCuda.multiply(
              gpu,
              chunk.product(stride, stride),
              precision,
              rows,
              operand,
              chunk.tokens(precision, y),
              precision,
              CudaEpilogue.ACCUMULATE);
        }
      }
    }
  }

  /** W, or a copy of it whose rows are as far apart as those of patches, if they are not so. */
  private static DeviceMemory operand(
      GpuScope scope, PatchEmbeddingDims d, Precision precision, DeviceMemory weight) {
    int stride = PatchChunk.stride(d, precision);
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
    addToWeight(mostBytes, gpu, d, precision, images, dy, dWeight);
    if (dImages != null) {
      writeImages(mostBytes, gpu, d, precision, weight, dy, dImages);
    }
  }

  /** dW += dyᵀ·rows. */
  private static void addToWeight(
      long mostBytes,
      Gpu gpu,
      PatchEmbeddingDims d,
      Precision precision,
      DeviceMemory images,
      DeviceMemory dy,
      DeviceMemory dWeight) {
    int stride = PatchChunk.stride(d, precision);
    for (PatchChunk chunk : PatchChunk.of(d, precision, mostBytes)) {
      try (GpuScope scratch = gpu.scope()) {
        DeviceMemory rows = chunk.gather(scratch, precision, images);
        MatmulCuda.backwardB(
            gpu,
            chunk.product(stride, d.depth()),
            precision,
            rows,
            chunk.tokens(precision, dy),
            dWeight,
            Precision.F32,
            CudaEpilogue.ACCUMULATE);
      }
    }
  }

  /** dImages = dy·W in f32, put back where the patches came from. */
  private static void writeImages(
      long mostBytes,
      Gpu gpu,
      PatchEmbeddingDims d,
      Precision precision,
      DeviceMemory weight,
      DeviceMemory dy,
      DeviceMemory dImages) {
    int stride = PatchChunk.stride(d, Precision.F32);
    int weightStride = PatchChunk.stride(d, precision);
    try (GpuScope weights = gpu.scope()) {
      DeviceMemory operand = operand(weights, d, precision, weight);
      for (PatchChunk chunk : PatchChunk.of(d, Precision.F32, mostBytes)) {
        try (GpuScope scratch = gpu.scope()) {
          DeviceMemory rows = chunk.allocate(scratch, Precision.F32);
          MatmulCuda.backwardA(
              gpu,
              chunk.product(stride, weightStride),
              precision,
              operand,
              chunk.tokens(precision, dy),
              rows,
              Precision.F32,
              CudaEpilogue.NONE);
          chunk.scatter(gpu, rows, dImages);
        }
      }
    }
  }
}
