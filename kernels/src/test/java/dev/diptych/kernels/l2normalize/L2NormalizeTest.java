package dev.diptych.kernels.l2normalize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class L2NormalizeTest {
  @Test
  void referenceGradientIsFiniteDifference() {
    L2NormalizeDims d = new L2NormalizeDims(3, 5);
    double[] x = Oracle.normal(1, 15);
    double[] dy = Oracle.normal(2, 15);
    double[] y = new double[15];
    double[] inverseNorm = new double[3];
    double[] dx = new double[15];
    L2NormalizeReference.forward(d, x, y, inverseNorm);
    L2NormalizeReference.backward(d, y, inverseNorm, dy, dx);
    Oracle.assertGradient("dx", v -> scalar(d, v, dy), x, dx);
  }

  private static double scalar(L2NormalizeDims d, double[] x, double[] dy) {
    double[] y = new double[x.length];
    L2NormalizeReference.forward(d, x, y, new double[d.n()]);
    return Oracle.dot(y, dy);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1", "2,2", "3,3", "1,4", "5,7", "2,8", "3,9", "4,15", "2,16", "3,17", "9,31", "7,32", "5,33",
    "600,64", "300,100", "50,512", "0,8"
  })
  void kernelMatchesReference(int n, int c) {
    L2NormalizeDims d = new L2NormalizeDims(n, c);
    double[] x = Oracle.normal(n, n * c);
    double[] dy = Oracle.normal(n + 1, n * c);
    double[] y = new double[n * c];
    double[] inverseNorm = new double[n];
    double[] dx = new double[n * c];
    L2NormalizeReference.forward(d, x, y, inverseNorm);
    L2NormalizeReference.backward(d, y, inverseNorm, dy, dx);
    Floats fy = Oracle.unwritten(n * c);
    Floats fInverse = Oracle.unwritten(n);
    L2NormalizeCpu.forward(d, Oracle.floats(x), fy, fInverse);
    Oracle.assertClose("y", y, fy, 1e-6);
    Oracle.assertClose("1/norm", inverseNorm, fInverse, 1e-6);
    Floats fdx = Oracle.unwritten(n * c);
    L2NormalizeCpu.backward(
        d, Oracle.floats(y), Oracle.floats(inverseNorm), Oracle.floats(dy), fdx);
    double largest = 1;
    for (double inverse : inverseNorm) {
      largest = Math.max(largest, inverse);
    }
    Oracle.assertClose("dx", dx, fdx, 2e-6 * largest);
  }

  @ParameterizedTest
  @ValueSource(floats = {1e-38f, 1e-30f, 1e-16f, 1f, 1e16f, 1e30f, 3e37f})
  void rowsOfAnySizeComeOutWithLengthOne(float size) {
    L2NormalizeDims d = new L2NormalizeDims(1, 37);
    double[] x = Oracle.normal(3, 37);
    for (int i = 0; i < 37; i++) {
      x[i] = (float) (x[i] * size);
    }
    double[] y = new double[37];
    L2NormalizeReference.forward(d, x, y, new double[1]);
    Floats fy = Oracle.unwritten(37);
    L2NormalizeCpu.forward(d, Oracle.floats(x), fy, Oracle.unwritten(1));
    Oracle.assertClose("y", y, fy, 1e-6);
    double squares = 0;
    for (float value : fy.toArray()) {
      squares += value * value;
    }
    assertThat(squares).isCloseTo(1, within(1e-5));
  }

  @Test
  void aRowOfZerosStaysZeroAndGetsNoGradient() {
    L2NormalizeDims d = new L2NormalizeDims(3, 19);
    double[] x = Oracle.normal(4, 57);
    java.util.Arrays.fill(x, 19, 38, 0);
    Floats y = Oracle.unwritten(57);
    Floats inverseNorm = Oracle.unwritten(3);
    Floats dx = Oracle.unwritten(57);
    L2NormalizeCpu.forward(d, Oracle.floats(x), y, inverseNorm);
    L2NormalizeCpu.backward(d, y, inverseNorm, Oracle.floats(Oracle.normal(5, 57)), dx);
    for (int i = 0; i < 57; i++) {
      assertThat(y.toArray()[i] == 0).as("y %d", i).isEqualTo(i >= 19 && i < 38);
      assertThat(dx.toArray()[i] == 0).as("dx %d", i).isEqualTo(i >= 19 && i < 38);
    }
  }

  @Test
  void aNaNOrInfinityStaysInItsRow() {
    L2NormalizeDims d = new L2NormalizeDims(3, 33);
    double[] x = Oracle.normal(5, 99);
    x[40] = Double.POSITIVE_INFINITY;
    x[98] = Double.NaN;
    Floats y = Oracle.unwritten(99);
    L2NormalizeCpu.forward(d, Oracle.floats(x), y, Oracle.unwritten(3));
    float[] out = y.toArray();
    for (int i = 0; i < 99; i++) {
      // As in x/‖x‖ with ‖x‖ = ∞: what is finite becomes 0, ∞/∞ is NaN.
      assertThat(Float.isNaN(out[i])).as("element %d", i).isEqualTo(i == 40 || i >= 66);
      assertThat(out[i] == 0).as("element %d", i).isEqualTo(i >= 33 && i < 66 && i != 40);
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    L2NormalizeDims d = new L2NormalizeDims(1000, 65);
    Floats x = Oracle.floats(Oracle.normal(1, 65_000));
    Floats dy = Oracle.floats(Oracle.normal(3, 65_000));
    Oracle.assertSameOnAnyThreads(
        "L2 normalisation",
        () -> {
          Floats out = Floats.zeros(131_000);
          Floats y = out.slice(0, 65_000);
          Floats inverseNorm = out.slice(65_000, 1000);
          L2NormalizeCpu.forward(d, x, y, inverseNorm);
          L2NormalizeCpu.backward(d, y, inverseNorm, dy, out.slice(66_000, 65_000));
          return out.array();
        });
  }
}
