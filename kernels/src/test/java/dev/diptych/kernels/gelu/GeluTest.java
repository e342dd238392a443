package dev.diptych.kernels.gelu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GeluTest {
  private static final int[] SIZES = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 4095, 4097, 20_001};

  @Test
  void referenceIsTheNormalDistribution() {
    // Φ from tables (Abramowitz and Stegun, table 26.1).
    assertThat(GeluReference.normalCdf(0)).isEqualTo(0.5);
    assertThat(GeluReference.normalCdf(1)).isCloseTo(0.841344746068543, within(1e-15));
    assertThat(GeluReference.normalCdf(-2)).isCloseTo(0.022750131948179, within(1e-15));
    assertThat(GeluReference.normalCdf(5)).isCloseTo(0.999999713348428, within(1e-15));
  }

  @ParameterizedTest
  @EnumSource
  void referenceGradientsAreFiniteDifferences(Activation activation) {
    GeluDims d = new GeluDims(60, activation);
    double[] x = new double[60];
    for (int i = 0; i < 60; i++) {
      x[i] = (i - 30) * 0.21;
    }
    double[] dy = Oracle.normal(2, 60);
    double[] dx = new double[60];
    GeluReference.backward(d, x, dy, dx);
    Oracle.assertGradient(
        "dx",
        v -> {
          double[] y = new double[60];
          GeluReference.forward(d, v, y);
          return Oracle.dot(y, dy);
        },
        x,
        dx);
  }

  @ParameterizedTest
  @EnumSource
  void kernelMatchesReference(Activation activation) {
    for (int n : SIZES) {
      double[] x = Oracle.normal(n, n);
      for (int i = 0; i < n; i++) {
        x[i] *= 1 << i % 5; // far out in both tails too
      }
      assertMatches(new GeluDims(n, activation), x, 1e-6);
    }
  }

  @ParameterizedTest
  @EnumSource
  void notANumberInfinityAndHugeNumbers(Activation activation) {
    double[] x = {
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      0,
      -0.0,
      1e-30f,
      -1e-30f,
      100,
      -100,
      1e6f,
      -1e6f,
      3e38f,
      -1e37f
    };
    GeluDims d = new GeluDims(x.length, activation);
    Floats y = Oracle.unwritten(x.length);
    Floats dx = Oracle.unwritten(x.length);
    GeluCpu.forward(d, Oracle.floats(x), y);
    double[] ones = new double[x.length];
    java.util.Arrays.fill(ones, 1);
    GeluCpu.backward(d, Oracle.floats(x), Oracle.floats(ones), dx);
    double[] expected = new double[x.length];
    GeluReference.forward(d, x, expected);
    for (int i = 0; i < x.length; i++) {
      // Within one part in a million of the number itself; 1.702·3e38 is infinite in f32 alone.
      float value = y.toArray()[i];
      if (Double.isFinite(expected[i])) {
        assertThat((double) value)
            .as("y(%s)", x[i])
            .isCloseTo(expected[i], within(1e-6 * Math.abs(expected[i]) + Float.MIN_NORMAL));
      } else {
        assertThat(value).as("y(%s)", x[i]).isEqualTo(Float.valueOf((float) expected[i]));
      }
    }
    float[] slope = dx.toArray();
    assertThat(slope[0]).isNaN();
    assertThat(slope[3]).isEqualTo(0.5f);
    assertThat(slope[7]).isEqualTo(1f);
    assertThat(slope[8]).isCloseTo(0f, within(1e-20f));
    assertThat(slope[9]).isEqualTo(1f);
    assertThat(slope[10]).isCloseTo(0f, within(1e-20f));
  }

  private static void assertMatches(GeluDims d, double[] x, double tolerance) {
    double[] dy = Oracle.normal(3, d.n());
    double[] y = new double[d.n()];
    double[] dx = new double[d.n()];
    GeluReference.forward(d, x, y);
    GeluReference.backward(d, x, dy, dx);
    Floats fy = Oracle.unwritten(d.n());
    Floats fdx = Oracle.unwritten(d.n());
    GeluCpu.forward(d, Oracle.floats(x), fy);
    GeluCpu.backward(d, Oracle.floats(x), Oracle.floats(dy), fdx);
    Oracle.assertClose("y", y, fy, tolerance);
    Oracle.assertClose("dx", dx, fdx, 2 * tolerance);
    Floats inPlace = Oracle.floats(x);
    GeluCpu.forward(d, inPlace, inPlace);
    assertThat(inPlace.toArray()).isEqualTo(fy.toArray());
  }

  @ParameterizedTest
  @EnumSource
  void resultDoesNotDependOnThreads(Activation activation) {
    GeluDims d = new GeluDims(20_001, activation);
    Floats x = Oracle.floats(Oracle.normal(1, d.n()));
    Floats dy = Oracle.floats(Oracle.normal(2, d.n()));
    Oracle.assertSameOnAnyThreads(
        "gelu",
        () -> {
          Floats out = Floats.zeros(2 * d.n());
          GeluCpu.forward(d, x, out.slice(0, d.n()));
          GeluCpu.backward(d, x, dy, out.slice(d.n(), d.n()));
          return out.array();
        });
  }
}
