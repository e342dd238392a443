package dev.diptych.kernels.layernorm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayerNormTest {
  private static final float EPSILON = 1e-5f;

  @Test
  void referenceGradientsAreFiniteDifferences() {
    LayerNormDims d = new LayerNormDims(3, 7, EPSILON);
    double[] x = Oracle.normal(1, 21);
    double[] w = Oracle.normal(2, 7);
    double[] b = Oracle.normal(3, 7);
    double[] dy = Oracle.normal(4, 21);
    double[] dx = new double[21];
    double[] dw = new double[7];
    double[] db = new double[7];
    double[] mean = new double[3];
    double[] rstd = new double[3];
    LayerNormReference.forward(d, x, w, b, new double[21], mean, rstd);
    LayerNormReference.backward(d, x, w, mean, rstd, dy, dx, dw, db);
    Oracle.assertGradient("dx", v -> scalar(d, v, w, b, dy), x, dx);
    Oracle.assertGradient("dw", v -> scalar(d, x, v, b, dy), w, dw);
    Oracle.assertGradient("db", v -> scalar(d, x, w, v, dy), b, db);
  }

  private static double scalar(LayerNormDims d, double[] x, double[] w, double[] b, double[] dy) {
    double[] y = new double[x.length];
    LayerNormReference.forward(d, x, w, b, y, new double[d.n()], new double[d.n()]);
    return Oracle.dot(y, dy);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1", "2,2", "3,3", "1,4", "5,7", "2,8", "3,9", "4,15", "2,16", "3,17", "9,31", "7,32", "5,33",
    "600,64", "300,100", "50,768", "0,8"
  })
  void kernelMatchesReference(int n, int c) {
    LayerNormDims d = new LayerNormDims(n, c, EPSILON);
    double[] x = Oracle.normal(n, n * c);
    double[] w = Oracle.normal(c, c);
    double[] b = Oracle.normal(c + 1, c);
    double[] dy = Oracle.normal(n + 2, n * c);
    double[] y = new double[n * c];
    double[] mean = new double[n];
    double[] rstd = new double[n];
    LayerNormReference.forward(d, x, w, b, y, mean, rstd);
    Floats fy = Oracle.unwritten(n * c);
    Floats fMean = Oracle.unwritten(n);
    Floats fRstd = Oracle.unwritten(n);
    LayerNormCpu.forward(d, Oracle.floats(x), Oracle.floats(w), Oracle.floats(b), fy, fMean, fRstd);
    Oracle.assertClose("y", y, fy, 3e-6 * Math.sqrt(c + 1));
    Oracle.assertClose("mean", mean, fMean, 1e-6);

    // dw and db are added to what is there.
    double[] dx = new double[n * c];
    double[] dw = Oracle.normal(7, c);
    double[] db = Oracle.normal(8, c);
    Floats fdx = Oracle.unwritten(n * c);
    Floats fdw = Oracle.floats(dw);
    Floats fdb = Oracle.floats(db);
    LayerNormReference.backward(d, x, w, mean, rstd, dy, dx, dw, db);
    LayerNormCpu.backward(
        d,
        Oracle.floats(x),
        Oracle.floats(w),
        Oracle.floats(mean),
        Oracle.floats(rstd),
        Oracle.floats(dy),
        fdx,
        fdw,
        fdb);
    double largest = 1;
    for (double r : rstd) {
      largest = Math.max(largest, r);
    }
    Oracle.assertClose("dx", dx, fdx, 1e-5 * largest);
    Oracle.assertClose("dw", dw, fdw, 2e-5);
    Oracle.assertClose("db", db, fdb, 2e-5);
  }

  @Test
  void aNaNOrInfinityStaysInItsRow() {
    LayerNormDims d = new LayerNormDims(3, 33, EPSILON);
    double[] x = Oracle.normal(5, 99);
    x[40] = Double.POSITIVE_INFINITY;
    x[98] = Double.NaN;
    double[] w = Oracle.normal(6, 33);
    Floats y = Oracle.unwritten(99);
    LayerNormCpu.forward(
        d,
        Oracle.floats(x),
        Oracle.floats(w),
        Oracle.floats(w),
        y,
        Oracle.unwritten(3),
        Oracle.unwritten(3));
    float[] out = y.toArray();
    for (int i = 0; i < 99; i++) {
      assertThat(Float.isNaN(out[i])).as("element %d", i).isEqualTo(i >= 33);
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    LayerNormDims d = new LayerNormDims(1000, 65, EPSILON);
    Floats x = Oracle.floats(Oracle.normal(1, 65_000));
    Floats w = Oracle.floats(Oracle.normal(2, 65));
    Floats dy = Oracle.floats(Oracle.normal(3, 65_000));
    Oracle.assertSameOnAnyThreads(
        "layer norm",
        () -> {
          Floats out = Floats.zeros(65_000 * 2 + 65 * 2 + 2000);
          Floats mean = out.slice(0, 1000);
          Floats rstd = out.slice(1000, 1000);
          LayerNormCpu.forward(d, x, w, w, out.slice(2000, 65_000), mean, rstd);
          LayerNormCpu.backward(
              d,
              x,
              w,
              mean,
              rstd,
              dy,
              out.slice(67_000, 65_000),
              out.slice(132_000, 65),
              out.slice(132_065, 65));
          return out.array();
        });
  }
}
