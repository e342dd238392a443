package dev.diptych.kernels.matmul;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static dev.diptych.kernels.matmul.TileKernels.MAX_ROWS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.memory.Floats;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MatmulTest {
  private static final boolean[] BOTH = {false, true};

  @Test
  void referenceGradientsAreFiniteDifferences() {
    for (MatmulDims d : forms(3, 4, 5)) {
      double[] a = Oracle.normal(1, d.aLength());
      double[] b = Oracle.normal(2, d.bLength());
      double[] dc = Oracle.normal(3, d.cLength());
      double[] da = new double[a.length];
      double[] db = new double[b.length];
      MatmulReference.backward(d, a, b, dc, da, db);
      Oracle.assertGradient("da", v -> Oracle.dot(product(d, v, b), dc), a, da);
      Oracle.assertGradient("db", v -> Oracle.dot(product(d, a, v), dc), b, db);
    }
  }

  /** Every size at, below and above the edges of lanes, tiles, panels and blocks of K. */
  @Test
  void everyFormMatchesTheReferenceAtEverySize() {
    int[] rows = {0, 1, 2, 3, MAX_ROWS - 1, MAX_ROWS, MAX_ROWS + 1, 2 * MAX_ROWS + 1, 50};
    int[] columns = {0, 1, 2, 3, COLUMNS / 2 - 1, COLUMNS / 2, COLUMNS - 1, COLUMNS, COLUMNS + 1};
    int[] depths = {0, 1, 2, 3, 16, 17, 31, 33};
    for (int m : rows) {
      for (int n : columns) {
        for (int k : depths) {
          for (MatmulDims d : forms(m, n, k)) {
            check(d);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "50,77,64",
    "197,33,100",
    "70,130,767",
    "70,130,768",
    "70,130,769",
    "30,40,1537",
    "20,20,4000",
    "400,64,40",
    "13,1000,20",
    "64,64,1024",
    "40,33,2048",
    "3,5,3073",
    "20,37,1024"
  })
  void everyFormMatchesTheReferenceAtLargerSizes(int m, int n, int k) {
    for (MatmulDims d : forms(m, n, k)) {
      check(d);
    }
  }

  @Test
  void rowsMayBeStridedAndTheGapsStayUntouched() {
    for (boolean transposeA : BOTH) {
      for (boolean transposeB : BOTH) {
        MatmulDims d = MatmulDims.of(17, 37, 9, transposeA, transposeB);
        check(d.withRowStrides(d.aRowStride() + 3, d.bRowStride() + 1, d.cRowStride() + 5));
        check(d.withRowStrides(1024, 2048, 1024));
      }
    }
  }

  @Test
  void batches() {
    for (MatmulDims d : forms(5, 35, 7)) {
      int a = d.aLength();
      int b = d.bLength();
      int c = d.cLength();
      check(d.withBatch(0, a, b, c));
      check(d.withBatch(3, a, b, c));
      check(d.withBatch(3, a + 2, b + 1, c + 4));
      check(d.withBatch(3, 0, b, c));
      check(d.withBatch(3, a, 0, c));
      check(d.withBatch(3, a, b, 0));
      check(d.withBatch(2, a + 2, 0, 0));
    }
    check(MatmulDims.of(130, 260, 300, false, true).withBatch(2, 39_000, 78_000, 33_800));
  }

  private static void check(MatmulDims d) {
    double[] a = Oracle.normal(d.m() + 1, d.aLength());
    double[] b = Oracle.normal(d.n() + 2, d.bLength());
    double[] expected = product(d, a, b);
    double tolerance = 1e-6 * Math.sqrt(d.k() + 1.0);
    String what = d.toString();
    // Gaps between rows hold NaN before and after, and the reference leaves 0 there.
    Floats c = Oracle.unwritten(d.cLength());
    double[] withGaps = new double[d.cLength()];
    java.util.Arrays.fill(withGaps, Double.NaN);
    forEachElementOfC(d, i -> withGaps[i] = expected[i]);
    MatmulCpu.multiply(d, Oracle.floats(a), Oracle.floats(b), c, Epilogue.NONE);
    Oracle.assertClose(what, withGaps, c, tolerance);

    if (d.bBatchStride() == 0 || d.batch() == 1) {
      PackedMatrix packed = MatmulCpu.pack(d, Oracle.floats(b));
      Floats c2 = Oracle.unwritten(d.cLength());
      MatmulCpu.multiply(d, Oracle.floats(a), packed, c2, Epilogue.NONE);
      assertThat(c2.toArray()).as("packed: %s", what).isEqualTo(c.toArray());
    }

    double[] sum = Oracle.normal(5, d.cLength());
    Floats accumulated = Oracle.floats(sum);
    MatmulReference.multiply(d, a, b, sum);
    MatmulCpu.multiply(d, Oracle.floats(a), Oracle.floats(b), accumulated, Epilogue.ACCUMULATE);
    Oracle.assertClose("accumulate: " + what, sum, accumulated, tolerance);

    double[] dc = Oracle.normal(6, d.cLength());
    double[] da = Oracle.normal(7, d.aLength());
    double[] db = Oracle.normal(8, d.bLength());
    Floats fda = Oracle.floats(da);
    Floats fdb = Oracle.floats(db);
    MatmulReference.backward(d, a, b, dc, da, db);
    MatmulCpu.backwardA(d, Oracle.floats(b), Oracle.floats(dc), fda, Epilogue.ACCUMULATE);
    MatmulCpu.backwardB(d, Oracle.floats(a), Oracle.floats(dc), fdb, Epilogue.ACCUMULATE);
    double deepest = Math.sqrt(Math.max(d.m(), d.n()) * (double) Math.max(1, d.batch()) + 1);
    Oracle.assertClose("da: " + what, da, fda, 1e-6 * deepest);
    Oracle.assertClose("db: " + what, db, fdb, 1e-6 * deepest);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "3,5,0", "15,33,20", "50,70,800", "14,32,64"})
  void epilogues(int m, int n, int k) {
    MatmulDims d = MatmulDims.of(m, n, k, false, true).withRowStrides(k, k, n + 3);
    d = d.withBatch(2, m * k, 0, m * (n + 3) + 1);
    double[] a = Oracle.normal(1, d.aLength());
    double[] b = Oracle.normal(2, d.bLength());
    double[] bias = Oracle.normal(3, n);
    double[] residual = Oracle.normal(4, d.cLength());
    double[] biased = product(d, a, b);
    MatmulReference.addBias(d, bias, biased);
    double tolerance = 1e-6 * Math.sqrt(k + 1.0);
    Floats fBias = Oracle.floats(bias);

    check(d, a, b, new Epilogue.Bias(fBias), biased, tolerance);

    double[] withResidual = biased.clone();
    for (int i = 0; i < withResidual.length; i++) {
      withResidual[i] += residual[i];
    }
    Floats fResidual = Oracle.floats(residual);
    check(d, a, b, new Epilogue.BiasResidual(fBias, fResidual), withResidual, tolerance);

    for (Activation activation : Activation.values()) {
      double[] activated = new double[biased.length];
      for (int i = 0; i < activated.length; i++) {
        activated[i] = MatmulReference.activate(activation, biased[i]);
      }
      Floats saved = Oracle.unwritten(d.cLength());
      check(
          d, a, b, new Epilogue.BiasActivation(fBias, activation, saved), activated, 2 * tolerance);
      check(
          d, a, b, new Epilogue.BiasActivation(fBias, activation, null), activated, 2 * tolerance);
      Oracle.assertClose("pre-activation", gaps(d, biased), saved, tolerance);
    }
  }

  private static void check(
      MatmulDims d, double[] a, double[] b, Epilogue epilogue, double[] expected, double near) {
    Floats c = Oracle.unwritten(d.cLength());
    MatmulCpu.multiply(d, Oracle.floats(a), Oracle.floats(b), c, epilogue);
    Oracle.assertClose(epilogue.getClass().getSimpleName(), gaps(d, expected), c, near);
    Floats c2 = Oracle.unwritten(d.cLength());
    MatmulCpu.multiply(d, Oracle.floats(a), MatmulCpu.pack(d, Oracle.floats(b)), c2, epilogue);
    assertThat(c2.toArray()).isEqualTo(c.toArray());
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void anInfinityOrNaNReachesItsRowOrColumnAlone(Activation activation) {
    MatmulDims d = MatmulDims.of(20, 41, 11, false, true);
    double[] a = Oracle.normal(1, d.aLength());
    double[] b = Oracle.normal(2, d.bLength());
    a[3 * 11 + 4] = Double.NaN;
    b[40 * 11 + 2] = Double.POSITIVE_INFINITY;
    Floats c = Oracle.unwritten(d.cLength());
    Floats bias = Floats.zeros(41);
    MatmulCpu.multiply(d, Oracle.floats(a), Oracle.floats(b), c, new Epilogue.Bias(bias));
    Oracle.assertClose("product", product(d, a, b), c, 1e-5);
    MatmulCpu.multiply(
        d,
        Oracle.floats(a),
        Oracle.floats(b),
        c,
        new Epilogue.BiasActivation(bias, activation, null));
    float[] y = c.toArray();
    for (int i = 0; i < 20; i++) {
      for (int j = 0; j < 41; j++) {
        assertThat(Float.isFinite(y[i * 41 + j])).as("(%d, %d)", i, j).isEqualTo(i != 3 && j != 40);
      }
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    List<MatmulDims> all = new ArrayList<>(forms(75, 90, 900));
    all.add(MatmulDims.of(20, 30, 40, false, true).withBatch(40, 800, 1200, 600));
    all.add(MatmulDims.of(4, 300, 1600, false, true));
    all.add(MatmulDims.of(33, 65, 3200, true, false));
    for (MatmulDims d : all) {
      Floats a = Oracle.floats(Oracle.normal(1, d.aLength()));
      Floats b = Oracle.floats(Oracle.normal(2, d.bLength()));
      Floats bias = Oracle.floats(Oracle.normal(3, d.n()));
      Epilogue epilogue = new Epilogue.BiasActivation(bias, Activation.QUICK_GELU, null);
      Oracle.assertSameOnAnyThreads(
          "matmul",
          () -> {
            Floats c = Floats.zeros(d.cLength());
            MatmulCpu.multiply(d, a, b, c, epilogue);
            return c.array();
          });
    }
  }

  /** Rows that are computed together with others get the bits that they get alone. */
  @Test
  void aRowDoesNotDependOnItsNeighbours() {
    MatmulDims d = MatmulDims.of(37, 50, 900, false, true);
    Floats a = Oracle.floats(Oracle.normal(1, d.aLength()));
    Floats b = Oracle.floats(Oracle.normal(2, d.bLength()));
    Floats c = Floats.zeros(d.cLength());
    MatmulCpu.multiply(d, a, b, c, Epilogue.NONE);
    for (int i = 0; i < 37; i++) {
      Floats row = Floats.zeros(50);
      MatmulCpu.multiply(
          MatmulDims.of(1, 50, 900, false, true), a.slice(i * 900, 900), b, row, Epilogue.NONE);
      assertThat(row.array()).as("row %d", i).isEqualTo(c.slice(i * 50, 50).toArray());
    }
  }

  @Test
  void costCountsSharedOperandsOnce() {
    MatmulDims d = MatmulDims.of(2, 3, 4, false, true);
    assertThat(d.cost().flops()).isEqualTo(48);
    assertThat(d.cost().bytes()).isEqualTo(4 * (8 + 12 + 6));
    MatmulDims shared = d.withBatch(5, 8, 0, 6);
    assertThat(shared.cost().flops()).isEqualTo(240);
    assertThat(shared.cost().bytes()).isEqualTo(4 * (40 + 12 + 30));
  }

  private static List<MatmulDims> forms(int m, int n, int k) {
    List<MatmulDims> forms = new ArrayList<>();
    for (boolean transposeA : BOTH) {
      for (boolean transposeB : BOTH) {
        forms.add(MatmulDims.of(m, n, k, transposeA, transposeB));
      }
    }
    return forms;
  }

  private static double[] product(MatmulDims d, double[] a, double[] b) {
    double[] c = new double[d.cLength()];
    MatmulReference.multiply(d, a, b, c);
    return c;
  }

  /** The elements of C with NaN in the gaps between rows and items, as nobody writes there. */
  private static double[] gaps(MatmulDims d, double[] c) {
    double[] result = new double[c.length];
    java.util.Arrays.fill(result, Double.NaN);
    forEachElementOfC(d, i -> result[i] = c[i]);
    return result;
  }

  private static void forEachElementOfC(MatmulDims d, java.util.function.IntConsumer body) {
    for (int item = 0; item < d.batch(); item++) {
      for (int i = 0; i < d.m(); i++) {
        for (int j = 0; j < d.n(); j++) {
          body.accept(item * d.cBatchStride() + i * d.cRowStride() + j);
        }
      }
    }
  }
}
