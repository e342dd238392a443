package dev.diptych.kernels.softmax;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SoftmaxTest {
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  @Test
  void referenceGradientsAreFiniteDifferences() {
    SoftmaxDims d = new SoftmaxDims(3, 7);
    double[] x = Oracle.normal(1, 21);
    double[] dy = Oracle.normal(2, 21);
    double[] y = new double[21];
    double[] dx = new double[21];
    SoftmaxReference.forward(d, x, y);
    SoftmaxReference.backward(d, y, dy, dx);
    Oracle.assertGradient("softmax", v -> scalar(d, v, dy, false), x, dx);
    SoftmaxReference.logForward(d, x, y);
    SoftmaxReference.logBackward(d, y, dy, dx);
    Oracle.assertGradient("log-softmax", v -> scalar(d, v, dy, true), x, dx);
  }

  private static double scalar(SoftmaxDims d, double[] x, double[] dy, boolean log) {
    double[] y = new double[x.length];
    if (log) {
      SoftmaxReference.logForward(d, x, y);
    } else {
      SoftmaxReference.forward(d, x, y);
    }
    return Oracle.dot(y, dy);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1", "2,2", "3,3", "1,4", "5,7", "2,8", "3,9", "4,15", "2,16", "3,17", "9,31", "7,32", "5,33",
    "600,50", "300,77", "50,1000", "0,8", "8,0"
  })
  void kernelMatchesReference(int n, int c) {
    double[] x = Oracle.normal(n, n * c);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (x[i] * 10);
    }
    if (x.length > 5) {
      x[5] = -INFINITY;
    }
    assertMatches(new SoftmaxDims(n, c), x);
  }

  @Test
  void hugeAndInfiniteElements() {
    double nan = Double.NaN;
    double[] x = {
      1e30, 1e30, -1e30, 3e38, 3e38, -3e37, -INFINITY, 0, -INFINITY, 1, nan, 2, INFINITY, 1, 0,
      -INFINITY, -INFINITY, -INFINITY, -200, -100, 0
    };
    assertMatches(new SoftmaxDims(7, 3), x);
    SoftmaxDims d = new SoftmaxDims(7, 3);
    Floats y = Oracle.unwritten(21);
    SoftmaxCpu.forward(d, Oracle.floats(x), y);
    assertThat(y.toArray()[0]).isEqualTo(0.5f);
    assertThat(y.toArray()[6]).isZero();
    for (int i = 9; i < 18; i++) {
      assertThat(y.toArray()[i]).as("element %d", i).isNaN();
    }
  }

  private static void assertMatches(SoftmaxDims d, double[] x) {
    int size = x.length;
    double[] dy = Oracle.normal(d.n() + 2, size);
    double[] y = new double[size];
    double[] dx = new double[size];
    Floats fy = Oracle.unwritten(size);
    Floats fdx = Oracle.unwritten(size);
    SoftmaxReference.forward(d, x, y);
    SoftmaxCpu.forward(d, Oracle.floats(x), fy);
    Oracle.assertClose("y", y, fy, 1e-6);
    SoftmaxReference.backward(d, y, dy, dx);
    SoftmaxCpu.backward(d, Oracle.floats(y), Oracle.floats(dy), fdx);
    Oracle.assertClose("dx", dx, fdx, 2e-6);

    SoftmaxReference.logForward(d, x, y);
    SoftmaxCpu.logForward(d, Oracle.floats(x), fy);
    Oracle.assertClose("log y", y, fy, 1e-6);
    SoftmaxReference.logBackward(d, y, dy, dx);
    SoftmaxCpu.logBackward(d, Oracle.floats(y), Oracle.floats(dy), fdx);
    // Σ dy grows with √C and keeps its rounding errors.
    Oracle.assertClose("log dx", dx, fdx, 1e-5 + 1e-6 * Math.sqrt(d.c()));
  }

  @Test
  void anArrayMayServeAsInputAndOutput() {
    SoftmaxDims d = new SoftmaxDims(4, 19);
    double[] x = Oracle.normal(1, 76);
    double[] dy = Oracle.normal(2, 76);
    double[] y = new double[76];
    double[] dx = new double[76];
    SoftmaxReference.forward(d, x, y);
    Floats inPlace = Oracle.floats(x);
    SoftmaxCpu.forward(d, inPlace, inPlace);
    Oracle.assertClose("y", y, inPlace, 1e-6);
    SoftmaxReference.backward(d, y, dy, dx);
    Floats gradient = Oracle.floats(dy);
    SoftmaxCpu.backward(d, inPlace, gradient, gradient);
    Oracle.assertClose("dx", dx, gradient, 2e-6);
    SoftmaxReference.logForward(d, x, y);
    inPlace = Oracle.floats(x);
    SoftmaxCpu.logForward(d, inPlace, inPlace);
    Oracle.assertClose("log y", y, inPlace, 1e-6);
    SoftmaxReference.logBackward(d, y, dy, dx);
    SoftmaxCpu.logBackward(d, inPlace, Oracle.floats(dy), inPlace);
    Oracle.assertClose("log dx", dx, inPlace, 1e-5);
  }

  @Test
  void resultDoesNotDependOnThreads() {
    SoftmaxDims d = new SoftmaxDims(1500, 67);
    int size = 1500 * 67;
    Floats x = Oracle.floats(Oracle.normal(1, size));
    Floats dy = Oracle.floats(Oracle.normal(2, size));
    Oracle.assertSameOnAnyThreads(
        "softmax",
        () -> {
          Floats out = Floats.zeros(4 * size);
          SoftmaxCpu.forward(d, x, out.slice(0, size));
          SoftmaxCpu.backward(d, out.slice(0, size), dy, out.slice(size, size));
          SoftmaxCpu.logForward(d, x, out.slice(2 * size, size));
          SoftmaxCpu.logBackward(d, out.slice(2 * size, size), dy, out.slice(3 * size, size));
          return out.array();
        });
  }
}
