package dev.diptych.kernels.elementwise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ElementwiseTest {
  @ParameterizedTest
  @EnumSource
  void referenceGradientsAreFiniteDifferences(Operation operation) {
    ElementwiseDims d = new ElementwiseDims(3, 4);
    double[] a = Oracle.normal(1, 12);
    double[] b = Oracle.normal(2, 4);
    double[] dy = Oracle.normal(3, 12);
    double[] da = new double[12];
    double[] db = new double[4];
    ElementwiseReference.backward(d, operation, a, b, dy, da, db);
    Oracle.assertGradient("da", v -> scalar(d, operation, v, b, dy), a, da);
    Oracle.assertGradient("db", v -> scalar(d, operation, a, v, dy), b, db);
  }

  private static double scalar(
      ElementwiseDims d, Operation operation, double[] a, double[] b, double[] dy) {
    double[] y = new double[d.size()];
    ElementwiseReference.forward(d, operation, a, b, y);
    return Oracle.dot(y, dy);
  }

  /** N = 1: one shape; C = 1: b is a number; 600 rows and 40,000 elements make several tasks. */
  @ParameterizedTest
  @CsvSource({
    "1,1", "1,2", "3,1", "2,3", "1,17", "5,7", "2,8", "3,15", "4,16", "3,17", "9,33", "600,31",
    "3,1023", "3,1024", "3,1025", "1,40000", "40000,1", "0,4", "3,0"
  })
  void kernelMatchesReference(int n, int c) {
    ElementwiseDims d = new ElementwiseDims(n, c);
    double[] a = Oracle.normal(n, d.size());
    double[] b = Oracle.normal(c + 1, c);
    double[] dy = Oracle.normal(n + 2, d.size());
    for (Operation operation : Operation.values()) {
      double[] y = new double[d.size()];
      double[] da = new double[d.size()];
      double[] db = Oracle.normal(7, c);
      Floats fy = Oracle.unwritten(d.size());
      Floats fda = Oracle.unwritten(d.size());
      Floats fdb = Oracle.floats(db);
      Floats fa = Oracle.floats(a);
      Floats fb = Oracle.floats(b);
      ElementwiseReference.forward(d, operation, a, b, y);
      ElementwiseReference.backward(d, operation, a, b, dy, da, db);
      ElementwiseCpu.forward(d, operation, fa, fb, fy);
      ElementwiseCpu.backward(d, operation, fa, fb, Oracle.floats(dy), fda, fdb);
      Oracle.assertClose(operation + " y", y, fy, 1e-6);
      Oracle.assertClose(operation + " da", da, fda, 1e-6);
      Oracle.assertClose(operation + " db", db, fdb, 1e-6 * Math.sqrt(n + 1));
      ElementwiseCpu.backward(d, operation, fa, fb, Oracle.floats(dy), null, null);
      ElementwiseCpu.forward(d, operation, fa, fb, fa);
      assertThat(fa.toArray()).as("in place").isEqualTo(fy.toArray());
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "3", "4", "15", "16", "17", "33", "16383", "16385", "40001"})
  void scaleAndAccumulate(int n) {
    double[] x = Oracle.normal(1, n);
    double[] y = Oracle.normal(2, n);
    Floats fy = Oracle.floats(y);
    ElementwiseReference.accumulate(-1.5, x, y);
    ElementwiseCpu.accumulate(-1.5f, Oracle.floats(x), fy);
    Oracle.assertClose("accumulate", y, fy, 1e-6);
    ElementwiseReference.scale(0.3f, x, y);
    ElementwiseCpu.scale(0.3f, Oracle.floats(x), fy);
    Oracle.assertClose("scale", y, fy, 1e-6);
  }

  @Test
  void notANumberAndInfinity() {
    double[] a = {Double.NaN, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 0, 1};
    double[] b = {1, Double.POSITIVE_INFINITY, 0, Double.NEGATIVE_INFINITY, Double.NaN};
    ElementwiseDims d = ElementwiseDims.same(5);
    for (Operation operation : Operation.values()) {
      double[] y = new double[5];
      Floats fy = Oracle.unwritten(5);
      ElementwiseReference.forward(d, operation, a, b, y);
      ElementwiseCpu.forward(d, operation, Oracle.floats(a), Oracle.floats(b), fy);
      Oracle.assertClose(operation.toString(), y, fy, 0);
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    ElementwiseDims d = new ElementwiseDims(1000, 65);
    Floats a = Oracle.floats(Oracle.normal(1, d.size()));
    Floats b = Oracle.floats(Oracle.normal(2, d.c()));
    Floats dy = Oracle.floats(Oracle.normal(3, d.size()));
    Oracle.assertSameOnAnyThreads(
        "elementwise",
        () -> {
          Floats out = Floats.zeros(2 * d.size() + d.c());
          Floats da = out.slice(d.size(), d.size());
          ElementwiseCpu.forward(d, Operation.MULTIPLY, a, b, out.slice(0, d.size()));
          ElementwiseCpu.backward(
              d, Operation.MULTIPLY, a, b, dy, da, out.slice(2 * d.size(), d.c()));
          ElementwiseCpu.accumulate(0.7f, dy, da);
          return out.array();
        });
  }
}
