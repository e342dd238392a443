package dev.diptych.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;

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
    return VectorMath.exp(FloatVector.broadcast(Lanes.SPECIES, x)).lane(0);
  }
}
