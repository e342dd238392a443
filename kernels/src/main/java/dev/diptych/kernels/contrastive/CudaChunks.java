package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.cuda.Precision;

/**
 * How a GPU cuts the logits into chunks of rows, and the memory that this takes beside inputs and
 * outputs. It depends on the sizes alone.
 *
 * @param dims the sizes of the loss
 * @param precision of the embeddings and of the gradient of a chunk's logits
 * @param rows images of a chunk, but perhaps of the last one; from 1 to N
 */
record CudaChunks(ContrastiveDims dims, Precision precision, int rows) {
  /** Logits of a chunk: enough to fill a large GPU, and 64 MiB. */
  private static final long LOGITS = 1 << 24;

  private static final int LEAST_ROWS = 64;
  private static final int MOST_ROWS = 4096;

  /** Whole tiles of a matrix product, where there are as many rows. */
  private static final int GRANULE = 128;

  /** The numbers of {@code contrastive.cu}. */
  static final int TILE = 64;

  static final int GRADIENT_ROWS = 64;
  static final int GRADIENT_COLUMNS = 128;

  /** Bytes of a part of a row or column. */
  private static final int PART = 4 * Float.BYTES;

  /** Rows of a chunk's logits are so many elements apart that each begins at 16 bytes. */
  private static final int PITCH = 8;

  /** The cut for these sizes. */
  static CudaChunks of(ContrastiveDims dims, Precision precision) {
    int rows = Math.clamp(LOGITS / dims.n(), LEAST_ROWS, MOST_ROWS);
    int whole = rows < GRANULE ? rows : rows / GRANULE * GRANULE;
    return new CudaChunks(dims, precision, Math.min(dims.n(), whole));
  }

  /** How many chunks there are. */
  int count() {
    return Math.ceilDiv(dims.n(), rows);
  }

  /** The first row of a chunk. */
  int begin(int chunk) {
    return chunk * rows;
  }

  /** Rows of a chunk. */
  int rows(int chunk) {
    return Math.min(rows, dims.n() - begin(chunk));
  }

  /** Elements from one row of a chunk's logits to the next. */
  int pitch() {
    return Math.ceilDiv(dims.n(), PITCH) * PITCH;
  }

  /** Tiles along {@code lines} rows or columns. */
  static int tiles(int lines) {
    return Math.ceilDiv(lines, TILE);
  }

  /** Blocks along a row that turn products into gradients. */
  int gradientBlocksAlong() {
    return Math.ceilDiv(dims.n(), GRADIENT_COLUMNS);
  }

  /** Blocks down the rows of a chunk that turn products into gradients. */
  int gradientBlocksDown(int chunk) {
    return Math.ceilDiv(rows(chunk), GRADIENT_ROWS);
  }

  /** Bytes of the parts of a chunk's rows. */
  long rowParts() {
    return (long) PART * tiles(dims.n()) * rows;
  }

  /** Bytes of the parts of a chunk's columns. */
  long columnParts() {
    return (long) PART * tiles(rows) * dims.n();
  }

  /** Bytes of what is known of all rows, or of all columns. */
  long lines() {
    return (long) PART * dims.n();
  }

  /** Elements of a chunk's logits. */
  long logits() {
    return (long) rows * pitch();
  }

  /** Partial sums of a chunk that go into the gradient of the scale. */
  int scaleParts(int chunk) {
    return gradientBlocksAlong() * gradientBlocksDown(chunk);
  }

  /** Bytes of scratch of the forward pass, beside what the products of matrices take. */
  long forwardScratch() {
    return common() + rowParts() + columnParts() + 2 * lines();
  }

  /** Bytes of scratch of the backward pass, beside what the products of matrices take. */
  long backwardScratch() {
    // Gradients in f32 are summed where they are to be; in bf16 they are rounded from f32.
    long d = dims.d();
    long sums = precision == Precision.F32 ? 0 : Float.BYTES * (rows * d + (long) dims.n() * d);
    long ofScale = Float.BYTES * (scaleParts(0) + count() + 1L);
    return common() + precision.bytes() * logits() + ofScale + sums;
  }

  /** Normalised embeddings and their lengths, products, shares. */
  private long common() {
    long n = dims.n();
    long embeddings = 2 * n * (precision.bytes() * (long) dims.d() + Float.BYTES);
    return (dims.normalize() ? embeddings : 0) + Float.BYTES * (logits() + n);
  }
}
