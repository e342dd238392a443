package dev.diptych.kernels.patchembedding;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static dev.diptych.kernels.matmul.TileKernels.MAX_ROWS;

import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.matmul.TileKernels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.reduce.ReduceCpu;
import dev.diptych.kernels.reduce.ReduceDims;
import dev.diptych.kernels.simd.Lanes;
import org.jspecify.annotations.Nullable;

/** The patch embedding with register tiles on all threads. */
public final class PatchEmbeddingCpu {
  /**
   * Patches that one task gathers at a time: a few tiles, so that a panel is used several times.
   */
  private static final int PATCHES_PER_TASK = 4 * MAX_ROWS;

  /** Numbers of a patch gathered at a time: a slice of a panel is 96 KiB with 512-bit vectors. */
  private static final int DEPTH = 768;

  /** Patches summed at a time into dW: the depth of its multiplications. */
  private static final int PATCHES_PER_SUM = 512;

  /** Floats between the ends of rows of dyᵀ: rows 2 KiB apart would share a few lines of L1. */
  private static final int PADDING = 16;

  /** Tasks are made smaller until there are so many: work for a large machine even at B = 1. */
  private static final int TASKS = 32;

  private static final ThreadLocal<float[]> SCRATCH = ThreadLocal.withInitial(() -> new float[0]);

  private PatchEmbeddingCpu() {}

  /**
   * Class token and projected patches plus positions.
   *
   * @param images (B, 3, S, S)
   * @param weight (C, 3, P, P)
   * @param classToken (C)
   * @param positions (1+G², C)
   * @param y (B, 1+G², C), written
   */
  public static void forward(
      PatchEmbeddingDims d,
      Floats images,
      Floats weight,
      Floats classToken,
      Floats positions,
      Floats y) {
    assert images.length() == d.imageFloats() && weight.length() == d.c() * d.depth();
    assert classToken.length() == d.c() && positions.length() == d.tokens() * d.c();
    assert y.length() == d.tokenFloats();
    float[] panels = packedWeight(d, weight);
    int blocks = Math.ceilDiv(d.patches(), PATCHES_PER_TASK);
    int panelCount = Panels.count(d.c());
    int groups = groups(d.b() * blocks, panelCount);
    Parallel.run(
        d.b() * blocks * groups,
        task -> {
          int b = task / (blocks * groups);
          int block = task / groups % blocks;
          int group = task % groups;
          int begin = (int) ((long) d.patches() * block / blocks);
          int end = (int) ((long) d.patches() * (block + 1) / blocks);
          int firstPanel = panelCount * group / groups;
          int lastPanel = panelCount * (group + 1) / groups;
          int firstColumn = firstPanel * COLUMNS;
          int columns = Math.min(d.c(), lastPanel * COLUMNS) - firstColumn;
          for (int g = begin; g < end; g++) {
            System.arraycopy(
                positions.array(),
                positions.offset() + (1 + g) * d.c() + firstColumn,
                y.array(),
                y.offset() + (b * d.tokens() + 1 + g) * d.c() + firstColumn,
                columns);
          }
          project(d, images, panels, y, b, begin, end, firstPanel, lastPanel);
        });
    for (int b = 0; b < d.b(); b++) {
      Floats token = y.slice(b * d.tokens() * d.c(), d.c());
      token.copyFrom(positions.slice(0, d.c()));
      Lanes.accumulate(token, classToken);
    }
  }

  private static float[] packedWeight(PatchEmbeddingDims d, Floats weight) {
    float[] panels = new float[Panels.length(d.c(), d.depth())];
    Parallel.run(
        Panels.count(d.c()),
        p ->
            Panels.packPanelTransposed(
                weight.array(),
                weight.offset() + p * COLUMNS * d.depth(),
                d.depth(),
                Math.min(COLUMNS, d.c() - p * COLUMNS),
                d.depth(),
                panels,
                p * d.depth() * COLUMNS));
    return panels;
  }

  /** Into how many groups {@code parts} are cut when there are already so many tasks. */
  private static int groups(int tasks, int parts) {
    return Math.max(1, Math.min(parts, TASKS / Math.max(1, tasks)));
  }

  /** y ← y + W·patch for some patches of a picture and some panels of W. */
  private static void project(
      PatchEmbeddingDims d,
      Floats images,
      float[] panels,
      Floats y,
      int b,
      int begin,
      int end,
      int firstPanel,
      int lastPanel) {
    int rows = end - begin;
    int slice = d.patch() * Math.max(1, DEPTH / d.patch()); // whole rows of pixels
    int stride = Math.min(slice, d.depth());
    float[] scratch = scratch(rows * stride + MAX_ROWS * COLUMNS);
    int tileAt = rows * stride;
    int firstRow = y.offset() + (b * d.tokens() + 1 + begin) * d.c();
    for (int k = 0; k < d.depth(); k += slice) {
      int depth = Math.min(slice, d.depth() - k);
      for (int row = 0; row < rows; row++) {
        Patches.gather(d, images, b * d.patches() + begin + row, k, depth, scratch, row * stride);
      }
      for (int p = firstPanel; p < lastPanel; p++) {
        int panelAt = (p * d.depth() + k) * COLUMNS;
        int columns = Math.min(COLUMNS, d.c() - p * COLUMNS);
        for (int tile = 0; tile < TileKernels.count(rows); tile++) {
          int row = TileKernels.begin(rows, tile);
          int height = TileKernels.begin(rows, tile + 1) - row;
          int to = firstRow + row * d.c() + p * COLUMNS;
          multiply(
              height,
              scratch,
              row * stride,
              stride,
              panels,
              panelAt,
              y.array(),
              to,
              d.c(),
              columns,
              depth,
              scratch,
              tileAt);
        }
      }
    }
  }

  /** C ← C + A·panel, by way of a tile of its own where C has fewer columns than the panel. */
  private static void multiply(
      int rows,
      float[] a,
      int aOffset,
      int aStride,
      float[] panel,
      int panelOffset,
      float[] c,
      int cOffset,
      int cStride,
      int columns,
      int depth,
      float[] tile,
      int tileOffset) {
    if (columns == COLUMNS) {
      TileKernels.run(
          rows, a, aOffset, aStride, panel, panelOffset, c, cOffset, cStride, depth, true);
      return;
    }
    TileKernels.run(
        rows, a, aOffset, aStride, panel, panelOffset, tile, tileOffset, COLUMNS, depth, false);
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < columns; j++) {
        c[cOffset + row * cStride + j] += tile[tileOffset + row * COLUMNS + j];
      }
    }
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param dy (B, 1+G², C)
   * @param dImages (B, 3, S, S), written, or null if not wanted
   * @param dWeight (C, 3, P, P), added to
   * @param dClassToken (C), added to
   * @param dPositions (1+G², C), added to
   */
  public static void backward(
      PatchEmbeddingDims d,
      Floats images,
      Floats weight,
      Floats dy,
      @Nullable Floats dImages,
      Floats dWeight,
      Floats dClassToken,
      Floats dPositions) {
    assert images.length() == d.imageFloats() && weight.length() == d.c() * d.depth();
    assert dy.length() == d.tokenFloats() && dWeight.length() == weight.length();
    assert dClassToken.length() == d.c() && dPositions.length() == d.tokens() * d.c();
    ReduceCpu.sumRows(new ReduceDims(d.b(), d.tokens() * d.c()), 1, dy, dPositions);
    for (int b = 0; b < d.b(); b++) {
      Lanes.accumulate(dClassToken, dy.slice(b * d.tokens() * d.c(), d.c()));
    }
    weightGradient(d, images, dy, dWeight);
    if (dImages != null) {
      imageGradient(d, weight, dy, dImages);
    }
  }

  /** dW ← dW + dyᵀ·patches, some hundred patches after the other. */
  private static void weightGradient(
      PatchEmbeddingDims d, Floats images, Floats dy, Floats dWeight) {
    int patches = d.b() * d.patches();
    int stride = Math.min(PATCHES_PER_SUM, patches) + PADDING;
    float[] transposed = new float[d.c() * stride]; // (C, patches of this sum)
    int panelCount = Panels.count(d.depth());
    int tiles = TileKernels.count(d.c());
    int groups = groups(panelCount, tiles);
    for (int first = 0; first < patches; first += PATCHES_PER_SUM) {
      int begin = first;
      int count = Math.min(PATCHES_PER_SUM, patches - first);
      Parallel.rows(
          d.c(),
          Parallel.rowsPerTask(2 * count),
          (from, to) -> Patches.transpose(d, dy, begin, count, from, to, transposed, stride));
      Parallel.run(
          panelCount * groups,
          task -> {
            int p = task / groups;
            int k = p * COLUMNS;
            int columns = Math.min(COLUMNS, d.depth() - k);
            float[] scratch = scratch(count * COLUMNS + MAX_ROWS * COLUMNS);
            for (int i = 0; i < count; i++) {
              Patches.gather(d, images, begin + i, k, columns, scratch, i * COLUMNS);
              java.util.Arrays.fill(scratch, i * COLUMNS + columns, (i + 1) * COLUMNS, 0);
            }
            int lastTile = tiles * (task % groups + 1) / groups;
            for (int tile = tiles * (task % groups) / groups; tile < lastTile; tile++) {
              int c = TileKernels.begin(d.c(), tile);
              int height = TileKernels.begin(d.c(), tile + 1) - c;
              multiply(
                  height,
                  transposed,
                  c * stride,
                  stride,
                  scratch,
                  0,
                  dWeight.array(),
                  dWeight.offset() + c * d.depth() + k,
                  d.depth(),
                  columns,
                  count,
                  scratch,
                  count * COLUMNS);
            }
          });
    }
  }

  /** dImages = dy·W, put back where the patches came from; patches do not overlap. */
  private static void imageGradient(
      PatchEmbeddingDims d, Floats weight, Floats dy, Floats dImages) {
    assert dImages.length() == d.imageFloats();
    float[] panels = new float[Panels.length(d.depth(), d.c())];
    Panels.pack(weight.array(), weight.offset(), d.depth(), d.depth(), d.c(), panels, 0);
    int tiles = TileKernels.count(d.patches());
    Parallel.run(
        d.b() * tiles,
        task -> {
          int b = task / tiles;
          int begin = TileKernels.begin(d.patches(), task % tiles);
          int height = TileKernels.begin(d.patches(), task % tiles + 1) - begin;
          float[] tile = scratch(MAX_ROWS * COLUMNS);
          for (int k = 0; k < d.depth(); k += COLUMNS) {
            TileKernels.run(
                height,
                dy.array(),
                dy.offset() + (b * d.tokens() + 1 + begin) * d.c(),
                d.c(),
                panels,
                k * d.c(),
                tile,
                0,
                COLUMNS,
                d.c(),
                false);
            int columns = Math.min(COLUMNS, d.depth() - k);
            for (int row = 0; row < height; row++) {
              int patch = b * d.patches() + begin + row;
              Patches.scatter(d, tile, row * COLUMNS, patch, k, columns, dImages);
            }
          }
        });
  }

  /**
   * An array of at least {@code length} that this thread used before; its contents are left over.
   */
  private static float[] scratch(int length) {
    float[] array = SCRATCH.get();
    if (array.length < length) {
      array = new float[length];
      SCRATCH.set(array);
    }
    return array;
  }
}
