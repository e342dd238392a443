package dev.diptych.kernels.matmul;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import org.junit.jupiter.api.Test;

class TileKernelsTest {
  @Test
  void everyHeightGivesTheBitsOfThePlainTile() {
    for (int rows = 1; rows <= TileKernels.MAX_ROWS; rows++) {
      for (int depth : new int[] {0, 1, 2, 17}) {
        for (boolean accumulate : new boolean[] {false, true}) {
          int aStride = depth + 3;
          float[] a = numbers(1, 2 + rows * aStride);
          float[] panel = numbers(2, 1 + depth * COLUMNS);
          float[] expected = numbers(3, 4 + rows * (COLUMNS + 5));
          float[] c = expected.clone();
          PlainTile.run(rows, a, 2, aStride, panel, 1, expected, 4, COLUMNS + 5, depth, accumulate);
          TileKernels.run(rows, a, 2, aStride, panel, 1, c, 4, COLUMNS + 5, depth, accumulate);
          assertThat(c).as("%d rows, depth %d", rows, depth).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void thePlainTileMultiplies() {
    int depth = 9;
    float[] a = numbers(1, 3 * depth);
    float[] panel = numbers(2, depth * COLUMNS);
    float[] c = numbers(3, 3 * COLUMNS);
    float[] before = c.clone();
    PlainTile.run(3, a, 0, depth, panel, 0, c, 0, COLUMNS, depth, true);
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < COLUMNS; j++) {
        double sum = before[i * COLUMNS + j];
        for (int k = 0; k < depth; k++) {
          sum += (double) a[i * depth + k] * panel[k * COLUMNS + j];
        }
        assertThat((double) c[i * COLUMNS + j])
            .isCloseTo(sum, org.assertj.core.api.Assertions.within(1e-5));
      }
    }
  }

  @Test
  void panelsHoldEveryColumnAndZerosBehind() {
    for (int n : new int[] {1, COLUMNS - 1, COLUMNS, COLUMNS + 1, 2 * COLUMNS + 3}) {
      for (int k : new int[] {1, 3, COLUMNS / 2, COLUMNS / 2 + 1, 2 * COLUMNS + 7}) {
        float[] transposed = numbers(n, n * (k + 2));
        float[] panels = numbers(9, Panels.length(n, k));
        Panels.packTransposed(transposed, 1, k + 2, n, k, panels, 0);
        for (int j = 0; j < Panels.count(n) * COLUMNS; j++) {
          for (int i = 0; i < k; i++) {
            assertThat(panels[j / COLUMNS * k * COLUMNS + i * COLUMNS + j % COLUMNS])
                .as("n %d k %d: (%d, %d)", n, k, i, j)
                .isEqualTo(j < n ? transposed[1 + j * (k + 2) + i] : 0);
          }
        }
        float[] plain = numbers(n, k * (n + 2));
        Panels.pack(plain, 1, n + 2, n, k, panels, 0);
        for (int j = 0; j < Panels.count(n) * COLUMNS; j++) {
          for (int i = 0; i < k; i++) {
            assertThat(panels[j / COLUMNS * k * COLUMNS + i * COLUMNS + j % COLUMNS])
                .as("n %d k %d: (%d, %d)", n, k, i, j)
                .isEqualTo(j < n ? plain[1 + i * (n + 2) + j] : 0);
          }
        }
      }
    }
  }

  @Test
  void tilesAreBalanced() {
    for (int rows = 1; rows < 60; rows++) {
      int tiles = TileKernels.count(rows);
      assertThat(TileKernels.begin(rows, 0)).isZero();
      assertThat(TileKernels.begin(rows, tiles)).isEqualTo(rows);
      for (int t = 0; t < tiles; t++) {
        int height = TileKernels.begin(rows, t + 1) - TileKernels.begin(rows, t);
        assertThat(height)
            .isBetween(rows / tiles, Math.min(TileKernels.MAX_ROWS, rows / tiles + 1));
      }
    }
  }

  static float[] numbers(long seed, int length) {
    double[] normal = Oracle.normal(seed, length);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) normal[i];
    }
    return values;
  }
}
