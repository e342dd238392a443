package dev.diptych.kernels.matmul;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;

/**
 * The tile kernel in its shortest form, for reading and as the oracle of the generated ones.
 *
 * <p>For every k, two vectors of B are loaded once and multiplied with one element of each row of
 * A: per k a tile of R rows loads 2 vectors and R scalars and does 2·R vector multiply-adds, so the
 * higher the tile, the nearer the processor comes to doing nothing but multiply-adds. This form
 * walks through the rows one by one and so loads B again for each; {@code RowTiles.rows14} is the
 * same loop with 28 sums in 28 registers.
 */
final class PlainTile {
  private PlainTile() {}

  /** The same contract as {@link TileKernels#run}, and the same result to the bit. */
  static void run(
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
    for (int i = 0; i < rows; i++) {
      FloatVector left = FloatVector.zero(SPECIES);
      FloatVector right = FloatVector.zero(SPECIES);
      for (int k = 0; k < depth; k++) {
        int b = panelOffset + k * TileKernels.COLUMNS;
        FloatVector element = FloatVector.broadcast(SPECIES, a[aOffset + i * aRowStride + k]);
        left = element.fma(FloatVector.fromArray(SPECIES, panel, b), left);
        right = element.fma(FloatVector.fromArray(SPECIES, panel, b + Lanes.COUNT), right);
      }
      int target = cOffset + i * cRowStride;
      if (accumulate) {
        left = left.add(FloatVector.fromArray(SPECIES, c, target));
        right = right.add(FloatVector.fromArray(SPECIES, c, target + Lanes.COUNT));
      } else {
        left = left.add(0f); // makes −0 a 0, as the generated kernels do
        right = right.add(0f);
      }
      left.intoArray(c, target);
      right.intoArray(c, target + Lanes.COUNT);
    }
  }
}
