package dev.diptych.kernels.matmul;

import dev.diptych.kernels.simd.Lanes;

/**
 * The inner loop of everything that multiplies matrices: one tile of C, a few rows by two vectors,
 * summed in registers. Attention, the contrastive loss and patch embedding build on it directly;
 * whole matrices go through {@code MatmulCpu}.
 *
 * <p>Every element is summed over k in ascending order by fused multiply-adds, so its bits depend
 * neither on the tile height nor on the vector width.
 */
public final class TileKernels {
  /** Width of a tile and of a panel of B: two vectors. */
  public static final int COLUMNS = 2 * Lanes.COUNT;

  /**
   * The largest tile height: as many sums as the registers hold beside two vectors of B and an
   * element of A. 14 where there are 32 vector registers (AVX-512, ARM), 6 where there are 16.
   */
  public static final int MAX_ROWS =
      Lanes.COUNT >= 16 || System.getProperty("os.arch", "").equals("aarch64") ? 14 : 6;

  /**
   * What a tile that does not accumulate adds to its sums, as every row. A branch in the kernel
   * instead would be compiled away while it has only ever gone one way, and the first tile that
   * goes the other way would throw the kernel back into the interpreter.
   */
  private static final float[] ZEROS = new float[COLUMNS];

  private TileKernels() {}

  /**
   * C (rows × COLUMNS) ← A (rows × depth) · panel (depth × COLUMNS), or C ← C + that if {@code
   * accumulate}. All COLUMNS columns of C are written: a caller with fewer of its own lets it write
   * to a scratch tile.
   *
   * @param rows height of the tile, 1 to {@link #MAX_ROWS}
   * @param a rows of A, elements along depth side by side
   * @param aRowStride floats from one row of A to the next
   * @param panel depth × COLUMNS floats without gaps, see {@link Panels}
   * @param cRowStride floats from one row of C to the next
   */
  public static void run(
      int rows,
      float[] a,
      int aOffset,
      int aRowStride,
      float[] panel,
      int panelOffset,
      float[] c,
      int cOffset,
      int cRowStride,
      int depth,
      boolean accumulate) {
    assert rows <= MAX_ROWS;
    RowTiles.run(
        rows,
        a,
        aOffset,
        aRowStride,
        panel,
        panelOffset,
        accumulate ? c : ZEROS,
        accumulate ? cOffset : 0,
        accumulate ? cRowStride : 0,
        c,
        cOffset,
        cRowStride,
        depth);
  }

  /** Into how many tiles {@code rows} rows are cut: as few as can be, of balanced heights. */
  public static int count(int rows) {
    return (rows + MAX_ROWS - 1) / MAX_ROWS;
  }

  /**
   * The first row of tile {@code tile} of {@link #count}: 50 rows make 13 + 13 + 12 + 12 rather
   * than 14 + 14 + 14 + 8, since a low tile wastes most of its loads.
   */
  public static int begin(int rows, int tile) {
    return (int) ((long) rows * tile / count(rows));
  }
}
