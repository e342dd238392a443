package dev.diptych.kernels.batchnorm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BatchNormTest {
  private static final float EPSILON = 1e-5f;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void referenceGradientsAreFiniteDifferences(boolean training) {
    BatchNormDims d = new BatchNormDims(5, 3, EPSILON);
    double[] x = Oracle.normal(1, 15);
    double[] w = Oracle.normal(2, 3);
    double[] b = Oracle.normal(3, 3);
    double[] dy = Oracle.normal(4, 15);
    double[] mean = {0.5, -1, 2};
    double[] variance = {0.5, 1, 2};
    if (training) {
      BatchNormReference.statistics(d, x, mean, variance);
    }
    double[] dx = new double[15];
    double[] dw = new double[3];
    double[] db = new double[3];
    BatchNormReference.backward(d, training, x, w, mean, variance, dy, dx, dw, db);
    Oracle.assertGradient("dx", v -> scalar(d, training, v, w, b, mean, variance, dy), x, dx);
    Oracle.assertGradient("dw", v -> scalar(d, training, x, v, b, mean, variance, dy), w, dw);
    Oracle.assertGradient("db", v -> scalar(d, training, x, w, v, mean, variance, dy), b, db);
  }

  private static double scalar(
      BatchNormDims d,
      boolean training,
      double[] x,
      double[] w,
      double[] b,
      double[] runningMean,
      double[] runningVariance,
      double[] dy) {
    double[] mean = runningMean.clone();
    double[] variance = runningVariance.clone();
    if (training) {
      BatchNormReference.statistics(d, x, mean, variance);
    }
    double[] y = new double[x.length];
    BatchNormReference.normalise(d, x, w, b, mean, variance, y);
    return Oracle.dot(y, dy);
  }

  /** Channels around the lanes; more rows than one sum takes. */
  @ParameterizedTest
  @CsvSource({
    "1,1", "2,2", "3,3", "5,4", "5,7", "2,8", "3,9", "4,15", "2,16", "3,17", "9,31", "7,32", "5,33",
    "9000,16", "700,257", "70000,1", "50,2048"
  })
  void kernelMatchesReference(int n, int c) {
    BatchNormDims d = new BatchNormDims(n, c, EPSILON);
    double[] x = Oracle.normal(n, n * c);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (x[i] * (1 + i % c % 3) + i % c % 5); // channels of different size and place
    }
    double[] w = Oracle.normal(c, c);
    double[] b = Oracle.normal(c + 1, c);
    double[] dy = Oracle.normal(n + 2, n * c);
    double[] mean = new double[c];
    double[] variance = new double[c];
    BatchNormReference.statistics(d, x, mean, variance);
    Floats fMean = Oracle.unwritten(c);
    Floats fVariance = Oracle.unwritten(c);
    BatchNormCpu.statistics(d, Oracle.floats(x), fMean, fVariance);
    Oracle.assertClose("mean", mean, fMean, 1e-6);
    Oracle.assertClose("variance", variance, fVariance, 2e-6);

    // With one row the variance is zero, and rstd as large as 1/√ε.
    double tolerance = n == 1 ? 1e-3 : n <= 5 ? 5e-5 : 5e-6;
    double[] y = new double[n * c];
    Floats fy = Oracle.unwritten(n * c);
    BatchNormReference.normalise(d, x, w, b, mean, variance, y);
    BatchNormCpu.normalise(
        d, Oracle.floats(x), Oracle.floats(w), Oracle.floats(b), fMean, fVariance, fy);
    Oracle.assertClose("y", y, fy, tolerance);

    for (boolean training : new boolean[] {true, false}) {
      double[] dx = new double[n * c];
      double[] dw = Oracle.normal(7, c); // added to what is there
      double[] db = Oracle.normal(8, c);
      Floats fdx = Oracle.unwritten(n * c);
      Floats fdw = Oracle.floats(dw);
      Floats fdb = Oracle.floats(db);
      BatchNormReference.backward(d, training, x, w, mean, variance, dy, dx, dw, db);
      BatchNormCpu.backward(
          d,
          training,
          Oracle.floats(x),
          Oracle.floats(w),
          fMean,
          fVariance,
          Oracle.floats(dy),
          fdx,
          fdw,
          fdb);
      Oracle.assertClose("dx", dx, fdx, tolerance);
      Oracle.assertClose("dw", dw, fdw, tolerance);
      Oracle.assertClose("db", db, fdb, tolerance);
    }
  }

  @Test
  void runningStatisticsMoveByTheirMomentumWithTheUnbiasedVariance() {
    BatchNormDims d = new BatchNormDims(5, 1, EPSILON);
    Floats runningMean = Oracle.floats(new double[] {2});
    Floats runningVariance = Oracle.floats(new double[] {1});
    BatchNormCpu.updateRunning(d, Floats.of(4), Floats.of(8), 0.1, runningMean, runningVariance);
    double[] referenceMean = {2};
    double[] referenceVariance = {1};
    BatchNormReference.updateRunning(
        d, new double[] {4}, new double[] {8}, 0.1, referenceMean, referenceVariance);
    assertThat(referenceMean[0]).isCloseTo(0.9 * 2 + 0.1 * 4, within(1e-12));
    assertThat(referenceVariance[0]).isCloseTo(0.9 * 1 + 0.1 * 10, within(1e-12));
    Oracle.assertClose("running mean", referenceMean, runningMean, 1e-6);
    Oracle.assertClose("running variance", referenceVariance, runningVariance, 1e-6);
  }

  @Test
  void aMeanFarFromZeroDoesNotDrownTheVariance() {
    BatchNormDims d = new BatchNormDims(10_000, 20, EPSILON);
    double[] x = Oracle.normal(1, 200_000);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (1000 + x[i]);
    }
    double[] mean = new double[20];
    double[] variance = new double[20];
    BatchNormReference.statistics(d, x, mean, variance);
    Floats fVariance = Oracle.unwritten(20);
    BatchNormCpu.statistics(d, Oracle.floats(x), Oracle.unwritten(20), fVariance);
    Oracle.assertClose("variance", variance, fVariance, 1e-5);
  }

  @Test
  void aNaNStaysInItsChannel() {
    BatchNormDims d = new BatchNormDims(7, 33, EPSILON);
    double[] x = Oracle.normal(5, 7 * 33);
    x[2 * 33 + 5] = Double.NaN;
    x[3 * 33 + 32] = Double.POSITIVE_INFINITY;
    Floats w = Oracle.floats(Oracle.normal(6, 33));
    Floats mean = Oracle.unwritten(33);
    Floats variance = Oracle.unwritten(33);
    Floats y = Oracle.unwritten(7 * 33);
    BatchNormCpu.statistics(d, Oracle.floats(x), mean, variance);
    BatchNormCpu.normalise(d, Oracle.floats(x), w, w, mean, variance, y);
    float[] out = y.toArray();
    for (int i = 0; i < out.length; i++) {
      assertThat(Float.isNaN(out[i])).as("element %d", i).isEqualTo(i % 33 == 5 || i % 33 == 32);
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    BatchNormDims d = new BatchNormDims(5000, 33, EPSILON);
    int size = 5000 * 33;
    Floats x = Oracle.floats(Oracle.normal(1, size));
    Floats w = Oracle.floats(Oracle.normal(2, 33));
    Floats dy = Oracle.floats(Oracle.normal(3, size));
    Oracle.assertSameOnAnyThreads(
        "batch norm",
        () -> {
          Floats out = Floats.zeros(2 * size + 4 * 33);
          Floats mean = out.slice(2 * size, 33);
          Floats variance = out.slice(2 * size + 33, 33);
          BatchNormCpu.statistics(d, x, mean, variance);
          BatchNormCpu.normalise(d, x, w, w, mean, variance, out.slice(0, size));
          BatchNormCpu.backward(
              d,
              true,
              x,
              w,
              mean,
              variance,
              dy,
              out.slice(size, size),
              out.slice(2 * size + 66, 33),
              out.slice(2 * size + 99, 33));
          return out.array();
        });
  }
}
