package dev.diptych.kernels.reduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReduceTest {
  @Test
  void referenceGradientsAreFiniteDifferences() {
    ReduceDims d = new ReduceDims(3, 5);
    double[] x = Oracle.normal(1, 15);
    double[] dy = Oracle.normal(2, 5);
    double[] dx = new double[15];
    ReduceReference.sumRowsBackward(d, 0.3, dy, dx);
    Oracle.assertGradient(
        "rows",
        v -> {
          double[] y = new double[5];
          ReduceReference.sumRows(d, 0.3, v, y);
          return Oracle.dot(y, dy);
        },
        x,
        dx);
    double[] dyColumns = Oracle.normal(3, 3);
    ReduceReference.sumColumnsBackward(d, 0.3, dyColumns, dx);
    Oracle.assertGradient(
        "columns",
        v -> {
          double[] y = new double[3];
          ReduceReference.sumColumns(d, 0.3, v, y);
          return Oracle.dot(y, dyColumns);
        },
        x,
        dx);
    int[] index = new int[3];
    ReduceReference.max(d, x, new double[3], index);
    ReduceReference.maxBackward(d, index, dyColumns, dx);
    Oracle.assertGradient(
        "max",
        v -> {
          double[] y = new double[3];
          ReduceReference.max(d, v, y, new int[3]);
          return Oracle.dot(y, dyColumns);
        },
        x,
        dx);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1",
    "2,2",
    "3,3",
    "1,4",
    "5,7",
    "2,8",
    "3,9",
    "4,15",
    "2,16",
    "3,17",
    "9,31",
    "7,33",
    "255,5",
    "256,5",
    "257,5",
    "1000,64",
    "2,1023",
    "300,1025",
    "20000,1",
    "1,20000",
    "0,8",
    "3,0"
  })
  void kernelsMatchReference(int n, int c) {
    ReduceDims d = new ReduceDims(n, c);
    double[] x = Oracle.normal(n, d.size());
    double[] other = Oracle.normal(c, d.size());
    Floats fx = Oracle.floats(x);
    double tolerance = 2e-7 * Math.sqrt(d.size() + 1);
    assertThat((double) ReduceCpu.sum(fx, 0.3f))
        .isCloseTo(ReduceReference.sum(x, 0.3f), within(3 * tolerance * Math.sqrt(d.size() + 1)));

    double[] rows = Oracle.normal(3, c);
    Floats fRows = Oracle.floats(rows);
    ReduceReference.sumRows(d, 0.3f, x, rows);
    ReduceReference.sumRowsOfProducts(d, x, other, rows);
    ReduceCpu.sumRows(d, 0.3f, fx, fRows);
    ReduceCpu.sumRowsOfProducts(d, fx, Oracle.floats(other), fRows);
    Oracle.assertClose("rows", rows, fRows, 5 * tolerance);

    double[] columns = new double[n];
    Floats fColumns = Oracle.unwritten(n);
    ReduceReference.sumColumns(d, 0.3f, x, columns);
    ReduceCpu.sumColumns(d, 0.3f, fx, fColumns);
    Oracle.assertClose("columns", columns, fColumns, 5 * tolerance);

    double[] dx = new double[d.size()];
    Floats fdx = Oracle.unwritten(d.size());
    ReduceReference.sumRowsBackward(d, 0.3f, rows, dx);
    ReduceCpu.sumRowsBackward(d, 0.3f, Oracle.floats(rows), fdx);
    Oracle.assertClose("rows backward", dx, fdx, 1e-6);
    ReduceReference.sumColumnsBackward(d, 0.3f, columns, dx);
    ReduceCpu.sumColumnsBackward(d, 0.3f, Oracle.floats(columns), fdx);
    Oracle.assertClose("columns backward", dx, fdx, 1e-6);

    if (c > 0) {
      int[] index = new int[n];
      int[] found = new int[n];
      ReduceReference.max(d, x, columns, index);
      ReduceCpu.max(d, fx, fColumns, found);
      Oracle.assertClose("max", columns, fColumns, 0);
      assertThat(found).isEqualTo(index);
      ReduceReference.maxBackward(d, index, columns, dx);
      ReduceCpu.maxBackward(d, index, Oracle.floats(columns), fdx);
      Oracle.assertClose("max backward", dx, fdx, 0);
    }
  }

  @Test
  void theFirstOfEqualMaximaWinsAndNaNBeatsAll() {
    double[] x = new double[5 * 40];
    x[17] = 3;
    x[39] = 3;
    x[40 + 20] = Double.POSITIVE_INFINITY;
    x[40 + 25] = Double.NaN;
    x[40 + 38] = Double.NaN;
    java.util.Arrays.fill(x, 80, 120, Double.NEGATIVE_INFINITY);
    x[120] = Double.NaN;
    x[160 + 39] = 1e-40f; // subnormal
    Floats max = Oracle.unwritten(5);
    int[] index = new int[5];
    ReduceCpu.max(new ReduceDims(5, 40), Oracle.floats(x), max, index);
    assertThat(index).containsExactly(17, 25, 0, 0, 39);
    assertThat(max.toArray())
        .containsExactly(3, Float.NaN, Float.NEGATIVE_INFINITY, Float.NaN, 1e-40f);
  }

  @Test
  void aNaNOrInfinityStaysInItsSum() {
    ReduceDims d = new ReduceDims(300, 20);
    double[] x = Oracle.normal(1, d.size());
    x[2 * 20 + 3] = Double.NaN;
    x[280 * 20 + 19] = Double.NEGATIVE_INFINITY;
    Floats rows = Oracle.floats(new double[20]);
    Floats columns = Oracle.unwritten(300);
    ReduceCpu.sumRows(d, 1, Oracle.floats(x), rows);
    ReduceCpu.sumColumns(d, 1, Oracle.floats(x), columns);
    for (int c = 0; c < 20; c++) {
      assertThat(Float.isFinite(rows.toArray()[c])).as("%d", c).isEqualTo(c != 3 && c != 19);
    }
    for (int n = 0; n < 300; n++) {
      assertThat(Float.isFinite(columns.toArray()[n])).as("%d", n).isEqualTo(n != 2 && n != 280);
    }
    assertThat(ReduceCpu.sum(Oracle.floats(x), 1)).isNaN();
  }

  @Test
  void resultDoesNotDependOnThreads() {
    ReduceDims d = new ReduceDims(1500, 65);
    Floats x = Oracle.floats(Oracle.normal(1, d.size()));
    Floats y = Oracle.floats(Oracle.normal(2, d.size()));
    Oracle.assertSameOnAnyThreads(
        "reduce",
        () -> {
          Floats out = Floats.zeros(65 + 1500 + 1);
          ReduceCpu.sumRows(d, 1, x, out.slice(0, 65));
          ReduceCpu.sumRowsOfProducts(d, x, y, out.slice(0, 65));
          ReduceCpu.sumColumns(d, 1, x, out.slice(65, 1500));
          out.array()[1565] = ReduceCpu.sum(x, 1);
          return out.array();
        });
  }
}
