package dev.diptych.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
  @Test
  void expIsWithinTwoUlps() {
    for (float x = -87.33f; x < 88.72f; x += 0.0137f) {
      float expected = (float) Math.exp(x);
      assertThat(Math.abs(exp(x) - expected) / Math.ulp(expected))
          .as("exp(%s)", x)
          .isLessThan(2.1f);
    }
  }

  @Test
  void expAtTheEdges() {
    assertThat(exp(0)).isEqualTo(1);
    assertThat(exp(-0f)).isEqualTo(1);
    assertThat(exp(-88)).isEqualTo(0);
    assertThat(exp(Float.NEGATIVE_INFINITY)).isEqualTo(0);
    assertThat(exp(89)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(exp(Float.NaN)).isNaN();
  }

  @Test
  void quickGeluAndItsDerivative() {
    for (float x = -60; x < 60; x += 0.0173f) {
      double s = 1 / (1 + Math.exp(-1.702 * x));
      FloatVector v = FloatVector.broadcast(Lanes.SPECIES, x);
      assertThat((double) VectorMath.quickGelu(v).lane(0))
          .as("quickGelu(%s)", x)
          .isCloseTo(x * s, within(4e-7 * Math.abs(x * s) + 1e-7));
      assertThat((double) VectorMath.quickGeluDerivative(v).lane(0))
          .as("derivative of quickGelu at %s", x)
          .isCloseTo(s * (1 + 1.702 * x * (1 - s)), within(5e-7));
    }
    assertThat(VectorMath.quickGelu(broadcast(Float.NaN)).lane(0)).isNaN();
    assertThat(VectorMath.quickGelu(broadcast(Float.POSITIVE_INFINITY)).lane(0))
        .isEqualTo(Float.POSITIVE_INFINITY);
  }

  @Test
  void geluAndItsDerivative() {
    for (float x = -14; x < 14; x += 0.00713f) {
      double cdf = normalCdf(x);
      double density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
      FloatVector v = broadcast(x);
      assertThat((double) VectorMath.normalCdf(v).lane(0))
          .as("normalCdf(%s)", x)
          .isCloseTo(cdf, within(1.5e-7));
      assertThat((double) VectorMath.gelu(v).lane(0))
          .as("gelu(%s)", x)
          .isCloseTo(x * cdf, within(3e-7 * Math.abs(x * cdf) + 1e-7));
      assertThat((double) VectorMath.geluDerivative(v).lane(0))
          .as("derivative of gelu at %s", x)
          .isCloseTo(cdf + x * density, within(4e-7));
    }
    assertThat(VectorMath.gelu(broadcast(Float.NaN)).lane(0)).isNaN();
    assertThat(VectorMath.gelu(broadcast(Float.POSITIVE_INFINITY)).lane(0))
        .isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(VectorMath.gelu(broadcast(-1e30f)).lane(0)).isZero();
  }

  /** Φ(x) by its Taylor series around 0, and by the continued fraction of the tail beyond 3. */
  private static double normalCdf(double x) {
    double t = Math.abs(x);
    double density = Math.exp(-0.5 * t * t) / Math.sqrt(2 * Math.PI);
    double tail;
    if (t < 3) {
      double term = t;
      double sum = t;
      for (int n = 3; term > 1e-18; n += 2) {
        term *= t * t / n;
        sum += term;
      }
      tail = 0.5 - density * sum;
    } else {
      double fraction = t;
      for (int n = 80; n >= 1; n--) {
        fraction = t + n / fraction;
      }
      tail = density / fraction;
    }
    return x < 0 ? tail : 1 - tail;
  }

  private static FloatVector broadcast(float x) {
    return FloatVector.broadcast(Lanes.SPECIES, x);
  }

  @Test
  void sumOfLanes() {
    float[] x = new float[Lanes.COUNT];
    float expected = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = i + 1;
      expected += x[i];
    }
    assertThat(Lanes.sum(FloatVector.fromArray(Lanes.SPECIES, x, 0))).isEqualTo(expected);
  }

  private static float exp(float x) {
    return VectorMath.exp(broadcast(x)).lane(0);
  }
}
