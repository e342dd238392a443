package dev.diptych.kernels.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbeddingTest {
  private static int[] ids(int seed, int length, int limit) {
    Random random = new Random(seed);
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = i % 3 == 0 ? 0 : random.nextInt(limit); // 0 again and again, as padding is
    }
    return ids;
  }

  @Test
  void referenceGradientsAreFiniteDifferences() {
    EmbeddingDims d = new EmbeddingDims(2, 3, 4, 5);
    int[] ids = ids(1, 6, 4);
    double[] table = Oracle.normal(1, 20);
    double[] positions = Oracle.normal(2, 15);
    double[] dy = Oracle.normal(3, 30);
    double[] dTable = new double[20];
    double[] dPositions = new double[15];
    EmbeddingReference.backward(d, ids, dy, dTable, dPositions);
    Oracle.assertGradient("dTable", v -> scalar(d, ids, v, positions, dy), table, dTable);
    Oracle.assertGradient("dPositions", v -> scalar(d, ids, table, v, dy), positions, dPositions);
  }

  private static double scalar(
      EmbeddingDims d, int[] ids, double[] table, double[] positions, double[] dy) {
    double[] y = new double[dy.length];
    EmbeddingReference.forward(d, ids, table, positions, y);
    return Oracle.dot(y, dy);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1",
    "2,2,3,2",
    "1,3,5,3",
    "3,5,7,4",
    "2,7,9,15",
    "2,4,9,16",
    "3,3,9,17",
    "1,2,3,33",
    "2,77,49,63",
    "2,9,49,64",
    "2,9,49,65",
    "5,77,300,130",
    "0,4,5,8"
  })
  void kernelMatchesReference(int b, int t, int v, int c) {
    EmbeddingDims d = new EmbeddingDims(b, t, v, c);
    int[] ids = ids(b + c, d.tokens(), v);
    double[] table = Oracle.normal(1, v * c);
    double[] positions = Oracle.normal(2, t * c);
    double[] y = new double[d.tokens() * c];
    Floats fy = Oracle.unwritten(y.length);
    EmbeddingReference.forward(d, ids, table, positions, y);
    EmbeddingCpu.forward(d, ids, Oracle.floats(table), Oracle.floats(positions), fy);
    Oracle.assertClose("y", y, fy, 1e-6);
    double[] dy = Oracle.normal(3, y.length);
    Floats fdTable = Oracle.floats(table);
    Floats fdPositions = Oracle.floats(positions);
    EmbeddingReference.backward(d, ids, dy, table, positions);
    EmbeddingCpu.backward(d, ids, Oracle.floats(dy), fdTable, fdPositions);
    Oracle.assertClose("dTable", table, fdTable, 1e-5);
    Oracle.assertClose("dPositions", positions, fdPositions, 1e-5);
  }

  @Test
  void aNaNOrInfinityStaysInItsRow() {
    EmbeddingDims d = new EmbeddingDims(2, 2, 3, 20);
    double[] table = Oracle.normal(1, 60);
    table[25] = Double.NaN;
    table[59] = Double.POSITIVE_INFINITY;
    Floats y = Oracle.unwritten(80);
    int[] ids = {0, 1, 2, 0};
    EmbeddingCpu.forward(d, ids, Oracle.floats(table), Oracle.floats(Oracle.normal(2, 40)), y);
    for (int i = 0; i < 80; i++) {
      assertThat(Float.isFinite(y.toArray()[i])).as("%d", i).isEqualTo(i != 25 && i != 59);
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    EmbeddingDims d = new EmbeddingDims(9, 77, 50, 200);
    int[] ids = ids(4, d.tokens(), 50);
    Floats table = Oracle.floats(Oracle.normal(1, 50 * 200));
    Floats positions = Oracle.floats(Oracle.normal(2, 77 * 200));
    int size = d.tokens() * 200;
    Oracle.assertSameOnAnyThreads(
        "embedding",
        () -> {
          Floats out = Floats.zeros(size + 127 * 200);
          Floats y = out.slice(0, size);
          EmbeddingCpu.forward(d, ids, table, positions, y);
          EmbeddingCpu.backward(
              d, ids, y, out.slice(size, 50 * 200), out.slice(size + 50 * 200, 77 * 200));
          return out.array();
        });
  }
}
