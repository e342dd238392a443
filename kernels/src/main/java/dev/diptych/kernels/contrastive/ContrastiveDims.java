package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.matmul.TileKernels;
import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a contrastive loss, and how it is cut into tiles. The cut depends on N and the
 * vector width alone.
 *
 * @param n pairs, at least 1
 * @param d elements of an embedding
 * @param normalize whether the embeddings are to be brought to length one here; otherwise they are
 *     taken as they are
 */
public record ContrastiveDims(int n, int d, boolean normalize) {
  private static final int MOST_CHUNK_IMAGES = 256;
  private static final int LEAST_BLOCK_TEXTS = 16;
  private static final int MOST_BLOCK_TEXTS = 128;

  /** Groups are what threads share out; each needs sums of its own, so there are few. */
  private static final int MOST_GROUPS = 16;

  /** The least a forward pass must do: read u and v; write both log-sum-exps; N·N·D products. */
  public Cost forwardCost() {
    return new Cost(4L * (2L * n * d + 2L * n), 2L * n * n * d);
  }

  /** The least a backward pass must do without the N × N matrix: three products of N·N·D. */
  public Cost backwardCost() {
    return new Cost(4L * (4L * n * d + 2L * n), 6L * n * n * d);
  }

  /** Floats of scratch that the forward pass needs; grows with N·D and never with N·N. */
  public long forwardScratch() {
    long perGroup =
        (long) blockTexts() * chunkWidth() // tile
            + LogSumExps.floats(chunkWidth()) // the group's rows
            + LogSumExps.floats(chunkWidth()) // the tile's rows
            + LogSumExps.floats(blockTexts()) // the tile's columns
            + chunkWidth() // positives put aside
            + TileKernels.COLUMNS; // a vector on its way to its sum
    return normalizedFloats()
        + Panels.length(chunkImages(), d)
        + LogSumExps.floats(n) // columns
        + groups() * perGroup;
  }

  /** Floats of scratch that the backward pass needs; grows with N·D and never with N·N. */
  public long backwardScratch() {
    long perGroup =
        (long) blockTexts() * chunkWidth() // tile
            + (long) blockTexts() * width() // dv of the tile
            + Panels.length(d, blockTexts()) // v of the tile
            + (long) chunkImages() * blockTexts() // the tile, transposed
            + (long) chunkImages() * width() // du of the group
            + TileKernels.COLUMNS; // a vector on its way to its sum
    return normalizedFloats()
        + Panels.length(chunkImages(), d)
        + Panels.length(d, chunkImages())
        + 2L * chunks() * chunkWidth() // row log-sum-exps and factors
        + n // column factors
        + groups() * perGroup;
  }

  /**
   * Bytes of scratch that the forward pass takes on a GPU, beside what products of matrices take
   * for sums in parts: grows with N·D, and with N·N only up to a chunk of 64 MiB.
   */
  public long gpuForwardScratch(Precision precision) {
    return CudaChunks.of(this, precision).forwardScratch();
  }

  /** The same of the backward pass, which holds a chunk twice. */
  public long gpuBackwardScratch(Precision precision) {
    return CudaChunks.of(this, precision).backwardScratch();
  }

  private long normalizedFloats() {
    return normalize ? 2L * n * d + 2L * n : 0;
  }

  /** Runs of images that are treated one after the other. */
  int chunks() {
    return (n + MOST_CHUNK_IMAGES - 1) / MOST_CHUNK_IMAGES;
  }

  /** Images in each chunk but perhaps the last. */
  int chunkImages() {
    return Math.min(n, roundUp((n + chunks() - 1) / chunks(), TileKernels.COLUMNS));
  }

  /** Floats from one text's row of a tile to the next: whole panels. */
  int chunkWidth() {
    return roundUp(chunkImages(), TileKernels.COLUMNS);
  }

  /** Texts in each block but perhaps the last; small enough that small batches fill the threads. */
  int blockTexts() {
    int eighth = roundUp((n + 7) / 8, 8);
    return Math.min(n, Math.clamp(eighth, LEAST_BLOCK_TEXTS, MOST_BLOCK_TEXTS));
  }

  int blocks() {
    return (n + blockTexts() - 1) / blockTexts();
  }

  /** Runs of blocks of texts: one task each. */
  int groups() {
    return Math.min(MOST_GROUPS, blocks());
  }

  /** The first block of a group; that of the group past the last is {@link #blocks}. */
  int firstBlock(int group) {
    return (int) ((long) blocks() * group / groups());
  }

  /** D rounded up to whole panels. */
  int width() {
    return roundUp(d, TileKernels.COLUMNS);
  }

  private static int roundUp(int value, int multiple) {
    return (value + multiple - 1) / multiple * multiple;
  }
}
