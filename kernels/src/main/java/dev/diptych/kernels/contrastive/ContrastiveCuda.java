package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.reduce.ReduceCuda;
import org.jspecify.annotations.Nullable;

/**
 * The contrastive loss on a GPU without the N × N matrix: a chunk of its rows at a time, from
 * products of matrices and the kernels in {@code contrastive.cu}. The scale is read where it lies,
 * on the GPU. The memory needed beside inputs and outputs is {@link
 * ContrastiveDims#gpuForwardScratch} and {@link ContrastiveDims#gpuBackwardScratch}.
 */
public final class ContrastiveCuda {
  private static final Kernel STATISTICS = kernel("contrastive_statistics");
  private static final Kernel JOIN = kernel("contrastive_join");
  private static final Kernel SHARES = kernel("contrastive_shares");
  private static final Kernel LOSS = kernel("contrastive_loss");
  private static final Kernel SCALE_GRADIENT = kernel("contrastive_scale_gradient");
  private static final TypedKernel GRADIENT =
      TypedKernel.of(ContrastiveCuda.class, "contrastive", "contrastive_gradient");

  private static final int WARP = 32;
  private static final int SHARE_THREADS = 128;
  private static final int LOSS_THREADS = 1024;
  private static final int GRADIENT_THREADS = 256;

  private ContrastiveCuda() {}

  private static Kernel kernel(String entry) {
    return Kernel.of(ContrastiveCuda.class, "contrastive", entry);
  }

  /**
   * The loss of N pairs, how many are told apart, and what {@link #backward} needs.
   *
   * @param image (N, D) in the precision, row i the image of pair i
   * @param text (N, D) in the precision, row i its text
   * @param logScale (1), f32: t, the logits are exp(t)·u·v
   * @param ids (N) ints: pairs of the same id match each other; null: a pair matches itself alone
   * @param loss (1), f32, written
   * @param accuracy (1), f32, written: the fraction of the 2·N rows and columns whose one largest
   *     logit is a match; a tie with a text or image that is none does not count
   * @param rowLse (N), f32, written: log Σ_j exp(s_ij)
   * @param columnLse (N), f32, written: log Σ_i exp(s_ij)
   */
  public static void forward(
      Gpu gpu,
      ContrastiveDims d,
      Precision precision,
      DeviceMemory image,
      DeviceMemory text,
      DeviceMemory logScale,
      @Nullable DeviceMemory ids,
      DeviceMemory loss,
      DeviceMemory accuracy,
      DeviceMemory rowLse,
      DeviceMemory columnLse) {
    int rows = CudaChunks.of(d, precision).rows();
    forwardBy(
        rows, gpu, d, precision, image, text, logScale, ids, loss, accuracy, rowLse, columnLse);
  }

  /** As {@link #forward}, by chunks of this many rows: for small cases of several chunks. */
  public static void forwardBy(
      int chunkRows,
      Gpu gpu,
      ContrastiveDims d,
      Precision precision,
      DeviceMemory image,
      DeviceMemory text,
      DeviceMemory logScale,
      @Nullable DeviceMemory ids,
      DeviceMemory loss,
      DeviceMemory accuracy,
      DeviceMemory rowLse,
      DeviceMemory columnLse) {
    assertSizes(d, precision, image, text, logScale, ids, rowLse, columnLse);
    assert loss.floatCount() == 1 && accuracy.floatCount() == 1;
    CudaChunks chunks = new CudaChunks(d, precision, Math.min(chunkRows, d.n()));
    try (GpuScope scratch = gpu.scope()) {
      CudaSimilarities similarities = new CudaSimilarities(scratch, chunks, image, text);
      DeviceMemory share = shares(scratch, d, ids);
      DeviceMemory rowParts = scratch.allocate(chunks.rowParts());
      DeviceMemory columnParts = scratch.allocate(chunks.columnParts());
      DeviceMemory rows = scratch.allocate(chunks.lines());
      DeviceMemory columns = scratch.allocate(chunks.lines());
      long line = rows.bytes() / d.n();
      for (int chunk = 0; chunk < chunks.count(); chunk++) {
        int begin = chunks.begin(chunk);
        int count = chunks.rows(chunk);
        int along = CudaChunks.tiles(d.n());
        int down = CudaChunks.tiles(count);
        similarities.multiply(chunk);
        gpu.launch(
            STATISTICS,
            Launch.of(0, 2 * CudaChunks.TILE).withGrid(along, down, 1),
            new Arguments()
                .pointer(similarities.products)
                .pointer(logScale)
                .pointer(ids)
                .pointer(rowParts)
                .pointer(columnParts)
                .int32(begin)
                .int32(count)
                .int32(d.n())
                .int32(chunks.pitch()));
        join(gpu, rowParts, along, count, rows.slice(line * begin, line * count), false);
        join(gpu, columnParts, down, d.n(), columns, chunk > 0);
      }
      gpu.launch(
          LOSS,
          Launch.of(1, LOSS_THREADS),
          new Arguments()
              .pointer(rows)
              .pointer(columns)
              .pointer(share)
              .pointer(loss)
              .pointer(accuracy)
              .pointer(rowLse)
              .pointer(columnLse)
              .int32(d.n()));
    }
  }

  private static void assertSizes(
      ContrastiveDims d,
      Precision precision,
      DeviceMemory image,
      DeviceMemory text,
      DeviceMemory logScale,
      @Nullable DeviceMemory ids,
      DeviceMemory rowLse,
      DeviceMemory columnLse) {
    assert d.n() >= 1 && precision.fits(image, (long) d.n() * d.d());
    assert text.bytes() == image.bytes() && logScale.floatCount() == 1;
    assert ids == null || ids.bytes() == (long) Integer.BYTES * d.n();
    assert rowLse.floatCount() == d.n() && columnLse.floatCount() == d.n();
  }

  /** (N): 1 over the number of matches of each pair. */
  private static DeviceMemory shares(
      GpuScope scratch, ContrastiveDims d, @Nullable DeviceMemory ids) {
    DeviceMemory share = scratch.floats(d.n());
    scratch
        .gpu()
        .launch(
            SHARES,
            Launch.of(Math.ceilDiv(d.n(), SHARE_THREADS), SHARE_THREADS),
            new Arguments().pointer(ids).pointer(share).int32(d.n()));
    return share;
  }

  /** Joins parts (count, lines) into what is known of the lines. */
  private static void join(
      Gpu gpu, DeviceMemory parts, int count, int lines, DeviceMemory joined, boolean carried) {
    gpu.launch(
        JOIN,
        Launch.of(Math.ceilDiv(lines, WARP), WARP * Math.min(WARP, count)),
        new Arguments()
            .pointer(parts)
            .pointer(joined)
            .int32(count)
            .int32(lines)
            .int32(carried ? 1 : 0));
  }

  /**
   * The gradients of {@link #forward}. dImage and dText are overwritten; dLogScale is added to,
   * because parameters collect gradients.
   *
   * @param image (N, D), as they came, normalised or not
   * @param text (N, D)
   * @param loss (1), what {@link #forward} wrote
   * @param rowLse (N), what {@link #forward} wrote
   * @param columnLse (N), what {@link #forward} wrote
   * @param dLoss (1), f32: the gradient of the loss
   * @param dImage (N, D) in the precision, written; must not be image
   * @param dText (N, D) in the precision, written; must not be text
   * @param dLogScale (1), f32, added to
   */
  public static void backward(
      Gpu gpu,
      ContrastiveDims d,
      Precision precision,
      DeviceMemory image,
      DeviceMemory text,
      DeviceMemory logScale,
      @Nullable DeviceMemory ids,
      DeviceMemory loss,
      DeviceMemory rowLse,
      DeviceMemory columnLse,
      DeviceMemory dLoss,
      DeviceMemory dImage,
      DeviceMemory dText,
      DeviceMemory dLogScale) {
    backwardBy(
        CudaChunks.of(d, precision).rows(),
        gpu,
        d,
        precision,
        image,
        text,
        logScale,
        ids,
        loss,
        rowLse,
        columnLse,
        dLoss,
        dImage,
        dText,
        dLogScale);
  }

  /** As {@link #backward}, by chunks of this many rows: for small cases of several chunks. */
  public static void backwardBy(
      int chunkRows,
      Gpu gpu,
      ContrastiveDims d,
      Precision precision,
      DeviceMemory image,
      DeviceMemory text,
      DeviceMemory logScale,
      @Nullable DeviceMemory ids,
      DeviceMemory loss,
      DeviceMemory rowLse,
      DeviceMemory columnLse,
      DeviceMemory dLoss,
      DeviceMemory dImage,
      DeviceMemory dText,
      DeviceMemory dLogScale) {
    assertSizes(d, precision, image, text, logScale, ids, rowLse, columnLse);
    assert dImage.bytes() == image.bytes() && dText.bytes() == text.bytes();
    assert loss.floatCount() == 1 && dLoss.floatCount() == 1 && dLogScale.floatCount() == 1;
    CudaChunks chunks = new CudaChunks(d, precision, Math.min(chunkRows, d.n()));
    boolean sumsInPlace = precision == Precision.F32;
    try (GpuScope scratch = gpu.scope()) {
      CudaSimilarities similarities = new CudaSimilarities(scratch, chunks, image, text);
      DeviceMemory share = shares(scratch, d, ids);
      DeviceMemory g = scratch.allocate(precision.bytes() * chunks.logits());
      DeviceMemory du = sumsInPlace ? dImage : scratch.floats((long) chunks.rows() * d.d());
      DeviceMemory dv = sumsInPlace ? dText : scratch.floats((long) d.n() * d.d());
      DeviceMemory entropies = scratch.floats(chunks.scaleParts(0));
      DeviceMemory entropyOfChunk = scratch.floats(chunks.count());
      for (int chunk = 0; chunk < chunks.count(); chunk++) {
        similarities.multiply(chunk);
        DeviceMemory partial = entropies.floats(0, chunks.scaleParts(chunk));
        gpu.launch(
            GRADIENT.in(precision),
            Launch.of(0, GRADIENT_THREADS)
                .withGrid(chunks.gradientBlocksAlong(), chunks.gradientBlocksDown(chunk), 1),
            new Arguments()
                .pointer(similarities.products)
                .pointer(logScale)
                .pointer(ids)
                .pointer(share)
                .pointer(rowLse)
                .pointer(columnLse)
                .pointer(dLoss)
                .pointer(g)
                .pointer(partial)
                .int32(chunks.begin(chunk))
                .int32(chunks.rows(chunk))
                .int32(d.n())
                .int32(chunks.pitch()));
        ReduceCuda.sum(gpu, Precision.F32, 0.5f / d.n(), partial, entropyOfChunk.floats(chunk, 1));
        DeviceMemory chunkDu = sumsInPlace ? similarities.rows(du, Precision.F32, chunk) : du;
        similarities.imageGradient(chunk, g, chunkDu);
        similarities.finishImages(chunk, chunkDu, dImage);
        similarities.addTextGradient(chunk, g, dv);
      }
      similarities.finishTexts(dv, dText);
      DeviceMemory entropy = scratch.floats(1);
      ReduceCuda.sum(gpu, Precision.F32, 1, entropyOfChunk, entropy);
      gpu.launch(
          SCALE_GRADIENT,
          Launch.of(1, 1),
          new Arguments().pointer(loss).pointer(entropy).pointer(dLoss).pointer(dLogScale));
    }
  }
}
