package dev.diptych.kernels.matmul;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.simd.Lanes;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Packing for {@link TileKernels}: B is cut into panels of {@link TileKernels#COLUMNS} columns; a
 * panel holds its K rows one behind the other, so that the inner loop reads it front to back. The
 * columns past the end of B in the last panel are zero.
 */
public final class Panels {
  private Panels() {}

  /** How many panels hold {@code n} columns. */
  public static int count(int n) {
    return (n + COLUMNS - 1) / COLUMNS;
  }

  /** Floats that the panels of a (K, N) matrix take; panel p begins at {@code p·k·COLUMNS}. */
  public static int length(int n, int k) {
    return Math.multiplyExact(count(n), Math.multiplyExact(k, COLUMNS));
  }

  /**
   * Packs all of a row-major (N, K) matrix, as B of A·Bᵀ.
   *
   * @param rowStride floats from one row of the source to the next
   */
  public static void packTransposed(
      float[] source, int offset, int rowStride, int n, int k, float[] panels, int panelsOffset) {
    for (int p = 0; p * COLUMNS < n; p++) {
      packPanelTransposed(
          source,
          offset + p * COLUMNS * rowStride,
          rowStride,
          Math.min(COLUMNS, n - p * COLUMNS),
          k,
          panels,
          panelsOffset + p * k * COLUMNS);
    }
  }

  /**
   * Packs all of a row-major (K, N) matrix, as B of A·B.
   *
   * @param rowStride floats from one row of the source to the next
   */
  public static void pack(
      float[] source, int offset, int rowStride, int n, int k, float[] panels, int panelsOffset) {
    for (int p = 0; p * COLUMNS < n; p++) {
      packPanel(
          source,
          offset + p * COLUMNS,
          rowStride,
          Math.min(COLUMNS, n - p * COLUMNS),
          k,
          panels,
          panelsOffset + p * k * COLUMNS);
    }
  }

  /** One panel from {@code columns ≤ COLUMNS} rows of K elements: panel[k][j] = source[j][k]. */
  public static void packPanelTransposed(
      float[] source, int offset, int rowStride, int columns, int k, float[] panel, int begin) {
    if (columns < COLUMNS) {
      Arrays.fill(panel, begin, begin + k * COLUMNS, 0);
    }
    transpose(source, offset, rowStride, columns, k, panel, begin, COLUMNS);
  }

  /** One panel from K rows of {@code columns ≤ COLUMNS} elements: panel[k][j] = source[k][j]. */
  public static void packPanel(
      float[] source, int offset, int rowStride, int columns, int k, float[] panel, int begin) {
    if (columns == COLUMNS) {
      for (int i = 0; i < k; i++) {
        int from = offset + i * rowStride;
        int to = begin + i * COLUMNS;
        FloatVector.fromArray(SPECIES, source, from).intoArray(panel, to);
        FloatVector.fromArray(SPECIES, source, from + Lanes.COUNT)
            .intoArray(panel, to + Lanes.COUNT);
      }
      return;
    }
    Arrays.fill(panel, begin, begin + k * COLUMNS, 0);
    for (int i = 0; i < k; i++) {
      System.arraycopy(source, offset + i * rowStride, panel, begin + i * COLUMNS, columns);
    }
  }

  /**
   * target[j][i] = source[i][j] for a source of {@code rows} × {@code columns}: squares in
   * registers, and the rim element by element.
   */
  public static void transpose(
      float[] source,
      int offset,
      int rowStride,
      int rows,
      int columns,
      float[] target,
      int begin,
      int stride) {
    int squareRows = rows - rows % Lanes.COUNT;
    int squareColumns = columns - columns % Lanes.COUNT;
    for (int j = 0; j < squareColumns; j += Lanes.COUNT) {
      for (int i = 0; i < squareRows; i += Lanes.COUNT) {
        SquareTranspose.run(
            source, offset + i * rowStride + j, rowStride, target, begin + j * stride + i, stride);
      }
    }
    for (int i = 0; i < rows; i++) {
      int from = offset + i * rowStride;
      for (int j = i < squareRows ? squareColumns : 0; j < columns; j++) {
        target[begin + j * stride + i] = source[from + j];
      }
    }
  }
}
