package dev.diptych.kernels.matmul;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static dev.diptych.kernels.matmul.TileKernels.MAX_ROWS;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import org.jspecify.annotations.Nullable;

/**
 * One product, cut so that its inner loop finds everything in cache (after Goto and van de Geijn,
 * "Anatomy of high-performance matrix multiplication", 2008):
 *
 * <pre>
 * for chunks of K and N                what is packed of B at once bounds the scratch memory
 *   pack B into panels                 unless it is packed already
 *   for chunks of M
 *     pack A                           only if transposed or badly strided, else it is read in place
 *     for tasks (row block × panels)   on all threads
 *       for blocks of K                a panel's block stays in L2, see BLOCK_K
 *         for panels, for tiles        TileKernels.run; after the last block of K the epilogue
 * </pre>
 *
 * <p>The cuts depend on sizes alone. The order of sums depends on K alone.
 */
final class MatmulBlocks {
  /** The least work that is worth handing to another thread: some 20 µs. */
  static final long FLOPS_PER_TASK = 2_000_000;

  /** No more tasks than this: enough to keep any number of cores evenly busy. */
  private static final int MAX_TASKS = 256;

  /**
   * The longest run of K that is summed in registers: a panel of it takes 96 KiB (at 512 bits),
   * which every tile of a row block reads again from L2. Shorter blocks store and load C more
   * often.
   */
  private static final int BLOCK_K = 768;

  /** Blocks of K that are packed at once. */
  private static final int CHUNK_BLOCKS = 4;

  /** Tiles in a row block: 224 rows × BLOCK_K of A at 512 bits, 672 KiB, stay in L2. */
  private static final int TILES_PER_BLOCK = 16;

  /** Floats of B, and of A, that are packed at once: 16 MiB each. */
  private static final int CHUNK_FLOATS = 1 << 22;

  /** Floats that are worth handing to another thread for packing. */
  private static final int PACKED_PER_TASK = 1 << 15;

  private MatmulBlocks() {}

  /** Item {@code item} of the batch; B comes either plain or packed. */
  static void multiply(
      MatmulDims d,
      int item,
      Floats a,
      @Nullable Floats b,
      @Nullable PackedMatrix packed,
      Floats c,
      Epilogue epilogue) {
    if (d.m() == 0 || d.n() == 0) {
      return;
    }
    float[] aArray = a.array();
    int aOffset = a.offset() + item * d.aBatchStride();
    int cOffset = c.offset() + item * d.cBatchStride();
    boolean packA = d.transposeA() || aliases(d);
    int block = blockOf(d.k());
    int chunkK = packA || packed == null ? CHUNK_BLOCKS * block : Math.max(1, d.k());
    int aStride = packA ? packedStride(Math.min(chunkK, d.k())) : d.aRowStride();
    int chunkM = packA ? chunk(d.m(), aStride, MAX_ROWS) : d.m();
    int panelCount = Panels.count(d.n());
    int chunkPanels =
        packed == null ? chunk(panelCount, Math.min(chunkK, d.k()) * COLUMNS, 1) : panelCount;
    Scratch scratch = Scratch.mine();
    int k0 = 0;
    do { // once even if K is 0: C must be written
      int k1 = Math.min(d.k(), k0 + chunkK);
      for (int p0 = 0; p0 < panelCount; p0 += chunkPanels) {
        int p1 = Math.min(panelCount, p0 + chunkPanels);
        float[] panels;
        int panelDepth;
        if (packed != null) {
          panels = packed.panels();
          panelDepth = d.k();
        } else {
          panelDepth = k1 - k0;
          panels = scratch.b((p1 - p0) * panelDepth * COLUMNS);
          packB(
              d,
              java.util.Objects.requireNonNull(b).array(),
              b.offset() + item * d.bBatchStride(),
              k0,
              k1,
              p0,
              p1,
              panels);
        }
        for (int m0 = 0; m0 < d.m(); m0 += chunkM) {
          int m1 = Math.min(d.m(), m0 + chunkM);
          float[] rows = aArray;
          int rowsOffset = aOffset + m0 * aStride + k0;
          if (packA) {
            rows = scratch.a((m1 - m0) * aStride);
            rowsOffset = 0;
            packA(d, aArray, aOffset, m0, m1, k0, k1, rows, aStride);
          }
          new Chunk(
                  d,
                  m0,
                  m1,
                  p0,
                  p1,
                  k0,
                  k1,
                  block,
                  rows,
                  rowsOffset,
                  aStride,
                  panels,
                  panelDepth,
                  packed == null ? p0 : 0,
                  packed == null ? k0 : 0,
                  c,
                  cOffset,
                  epilogue)
              .run();
        }
      }
      k0 = k1;
    } while (k0 < d.k());
  }

  /**
   * Rows at a multiple of 4 KiB all fall into the same few lines of L1 and drive each other out.
   */
  private static boolean aliases(MatmulDims d) {
    return d.aRowStride() % 1024 == 0 && d.m() > 4;
  }

  /** A row stride for {@code k} floats that does not alias. */
  private static int packedStride(int k) {
    int stride = (k + 15) / 16 * 16;
    return stride % 256 == 0 ? stride + 16 : stride;
  }

  /** Blocks of K of balanced length: as few as BLOCK_K allows. */
  private static int blockOf(int k) {
    int blocks = Math.max(1, (k + BLOCK_K - 1) / BLOCK_K);
    int length = (k + blocks - 1) / blocks;
    return Math.max(16, (length + 15) / 16 * 16);
  }

  /** How many of {@code count} things of {@code size} floats make a chunk, a multiple of unit. */
  private static int chunk(int count, int size, int unit) {
    int largest = Math.max(unit, CHUNK_FLOATS / Math.max(1, size) / unit * unit);
    int chunks = (count + largest - 1) / largest;
    int balanced = (count + chunks - 1) / chunks;
    return (balanced + unit - 1) / unit * unit;
  }

  /** Packs the panels p0 ≤ p &lt; p1 of op(B), rows k0 ≤ k &lt; k1. */
  static void packB(
      MatmulDims d, float[] b, int offset, int k0, int k1, int p0, int p1, float[] panels) {
    int depth = k1 - k0;
    Parallel.rows(
        p1 - p0,
        Math.max(1, PACKED_PER_TASK / Math.max(1, depth * COLUMNS)),
        (begin, end) -> {
          for (int p = begin; p < end; p++) {
            int j = (p0 + p) * COLUMNS;
            int columns = Math.min(COLUMNS, d.n() - j);
            int to = p * depth * COLUMNS;
            int stride = d.bRowStride();
            if (d.transposeB()) {
              int from = offset + j * stride + k0;
              Panels.packPanelTransposed(b, from, stride, columns, depth, panels, to);
            } else {
              int from = offset + k0 * stride + j;
              Panels.packPanel(b, from, stride, columns, depth, panels, to);
            }
          }
        });
  }

  /**
   * Copies the rows m0 ≤ i &lt; m1 of op(A), columns k0 ≤ k &lt; k1, to rows {@code stride} apart.
   */
  private static void packA(
      MatmulDims d,
      float[] a,
      int offset,
      int m0,
      int m1,
      int k0,
      int k1,
      float[] target,
      int stride) {
    int depth = k1 - k0;
    int unit = COLUMNS;
    int units = (m1 - m0 + unit - 1) / unit;
    Parallel.rows(
        units,
        Math.max(1, PACKED_PER_TASK / Math.max(1, depth * unit)),
        (begin, end) -> {
          int first = begin * unit;
          int rows = Math.min(end * unit, m1 - m0) - first;
          if (d.transposeA()) {
            int from = offset + k0 * d.aRowStride() + m0 + first;
            Panels.transpose(a, from, d.aRowStride(), depth, rows, target, first * stride, stride);
          } else {
            for (int i = first; i < first + rows; i++) {
              int from = offset + (m0 + i) * d.aRowStride() + k0;
              System.arraycopy(a, from, target, i * stride, depth);
            }
          }
        });
  }

  /**
   * Rows m0..m1, panels p0..p1 and depth k0..k1 of one product, all operands ready.
   *
   * @param block length of a block of K
   * @param a row m0 of A from column k0 on begins at aOffset
   * @param panelDepth depth of the packed panels, of which the first is number firstPanel and
   *     begins at row firstK of op(B)
   * @param cOffset of this item of the batch
   */
  private record Chunk(
      MatmulDims d,
      int m0,
      int m1,
      int p0,
      int p1,
      int k0,
      int k1,
      int block,
      float[] a,
      int aOffset,
      int aStride,
      float[] panels,
      int panelDepth,
      int firstPanel,
      int firstK,
      Floats c,
      int cOffset,
      Epilogue epilogue) {

    /** Cuts the chunk into tasks: by row blocks first, and by panels as far as rows are few. */
    void run() {
      int rows = m1 - m0;
      int tiles = TileKernels.count(rows);
      long flops = 2L * rows * (p1 - p0) * COLUMNS * (k1 - k0);
      int wanted = Math.clamp(flops / FLOPS_PER_TASK, 1, MAX_TASKS);
      int rowBlocks = (tiles + TILES_PER_BLOCK - 1) / TILES_PER_BLOCK;
      int groups = Math.min(p1 - p0, (wanted + rowBlocks - 1) / rowBlocks);
      if (rowBlocks * groups < wanted) {
        rowBlocks = Math.min(tiles, (wanted + groups - 1) / groups);
      }
      if (rowBlocks * groups == 1) {
        task(0, tiles, p0, p1);
        return;
      }
      int blocks = rowBlocks;
      Parallel.run(
          rowBlocks * groups,
          i -> {
            int row = i / groups;
            int group = i % groups;
            task(
                (int) ((long) tiles * row / blocks),
                (int) ((long) tiles * (row + 1) / blocks),
                p0 + (int) ((long) (p1 - p0) * group / groups),
                p0 + (int) ((long) (p1 - p0) * (group + 1) / groups));
          });
    }

    private void task(int tileBegin, int tileEnd, int panelBegin, int panelEnd) {
      int k = k0;
      do {
        int depth = Math.min(block, k1 - k);
        for (int p = panelBegin; p < panelEnd; p++) {
          int panel = ((p - firstPanel) * panelDepth + k - firstK) * COLUMNS;
          for (int t = tileBegin; t < tileEnd; t++) {
            int row = TileKernels.begin(m1 - m0, t);
            int rows = TileKernels.begin(m1 - m0, t + 1) - row;
            tile(row, rows, p, panel, k, depth);
          }
        }
        k += depth;
      } while (k < k1);
    }

    private void tile(int row, int rows, int p, int panel, int k, int depth) {
      int from = aOffset + row * aStride + k - k0;
      int column = p * COLUMNS;
      int columns = Math.min(COLUMNS, d.n() - column);
      int stride = d.cRowStride();
      int to = cOffset + (m0 + row) * stride + column;
      boolean accumulate = k > 0 || epilogue instanceof Epilogue.Accumulate;
      if (columns == COLUMNS) {
        TileKernels.run(
            rows, a, from, aStride, panels, panel, c.array(), to, stride, depth, accumulate);
      } else {
        float[] scratch = Scratch.mine().tile;
        TileKernels.run(rows, a, from, aStride, panels, panel, scratch, 0, COLUMNS, depth, false);
        if (accumulate) {
          EpilogueKernels.add(c.array(), to, stride, rows, columns, scratch, 0, COLUMNS);
        } else {
          for (int i = 0; i < rows; i++) {
            System.arraycopy(scratch, i * COLUMNS, c.array(), to + i * stride, columns);
          }
        }
      }
      if (k + depth == d.k()) {
        EpilogueKernels.run(epilogue, c, to, stride, rows, column, columns);
      }
    }
  }
}
