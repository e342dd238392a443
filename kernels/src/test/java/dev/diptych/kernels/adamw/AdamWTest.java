package dev.diptych.kernels.adamw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdamWTest {
  private static AdamWStep step(long t, double weightDecay, double gradientScale) {
    return new AdamWStep(t, 1e-2, 0.9, 0.98, 1e-6, weightDecay, gradientScale);
  }

  private static Floats numbers(AdamWStep step) {
    return Floats.of(step.packed());
  }

  /**
   * Two steps worked out by hand: η = 0.1, β = (0.5, 0.75), ε = 0, λ = 0.2, p = 1, g = 2 then −1.
   */
  @Test
  void referenceMatchesAnExampleByHand() {
    double[] p = {1};
    double[] m = {0};
    double[] v = {0};
    AdamWReference.update(
        new AdamWStep(1, 0.1, 0.5, 0.75, 0, 0.2, 1), p, new double[] {2}, m, v, 0, 1);
    // p = 0.98; m = 1, v = 1; corrected 2 and 4: p −= 0.1·2/2.
    assertThat(p[0]).isCloseTo(0.88, within(1e-15));
    AdamWReference.update(
        new AdamWStep(2, 0.1, 0.5, 0.75, 0, 0.2, 0.5), p, new double[] {-2}, m, v, 0, 1);
    // p = 0.8624; m = 0, so the parameter only decays; v = 0.75 + 0.25.
    assertThat(p[0]).isCloseTo(0.8624, within(1e-15));
    assertThat(m[0]).isCloseTo(0, within(1e-15));
    assertThat(v[0]).isCloseTo(1, within(1e-15));
  }

  @Test
  void firstStepWithoutDecayIsTheLearningRateAgainstTheSign() {
    double[] p = {0, 0, 0};
    AdamWReference.update(
        new AdamWStep(1, 0.25, 0.9, 0.999, 0, 0, 1),
        p,
        new double[] {3, -1e-3, 40},
        new double[3],
        new double[3],
        0,
        3);
    assertThat(p).containsExactly(new double[] {-0.25, 0.25, -0.25}, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource({
    "1,0,1",
    "2,0,2",
    "3,1,3",
    "4,0,4",
    "7,2,5",
    "8,0,8",
    "9,0,9",
    "15,1,15",
    "16,0,16",
    "17,3,17",
    "33,0,33",
    "100,50,50",
    "16385,0,16385",
    "50001,17,40000"
  })
  void kernelMatchesReferenceOverTenSteps(int n, int begin, int end) {
    double[] p = Oracle.normal(1, n);
    double[] m = new double[n];
    double[] v = new double[n];
    Floats fp = Oracle.floats(p);
    Floats fm = Oracle.floats(m);
    Floats fv = Oracle.floats(v);
    for (int t = 1; t <= 10; t++) {
      double[] g = Oracle.normal(t + 10, n);
      AdamWReference.update(step(t, 0.2, 0.5), p, g, m, v, begin, end);
      AdamWCpu.update(numbers(step(t, 0.2, 0.5)), fp, Oracle.floats(g), fm, fv, begin, end);
    }
    Oracle.assertClose("p", p, fp, 5e-6);
    Oracle.assertClose("m", m, fm, 1e-6);
    Oracle.assertClose("v", v, fv, 1e-6);
  }

  @Test
  void whatIsOutsideTheRangeStaysUntouched() {
    Floats p = Floats.of(1, 2, 3, 4);
    Floats state = Floats.zeros(4);
    AdamWCpu.update(
        numbers(step(1, 0.2, 1)), p, Floats.of(1, 1, 1, 1), state, Floats.zeros(4), 1, 3);
    assertThat(p.array()[0]).isEqualTo(1);
    assertThat(p.array()[3]).isEqualTo(4);
    assertThat(p.array()[1]).isLessThan(2);
    assertThat(state.array()).containsExactly(new float[] {0, 0.1f, 0.1f, 0}, within(1e-7f));
  }

  @Test
  void anEmptyRangeDoesNothing() {
    Floats p = Floats.of(1, 2);
    AdamWCpu.update(numbers(step(1, 0.2, 1)), p, p, Floats.zeros(2), Floats.zeros(2), 1, 1);
    assertThat(p.array()).containsExactly(1, 2);
  }

  @Test
  void aScaleThatIsNaNChangesNothing() {
    AdamWStep step = step(1, 0.2, Double.NaN);
    Floats p = Floats.of(1, 2, 3);
    Floats m = Floats.of(4, 5, 6);
    Floats v = Floats.of(7, 8, 9);
    AdamWCpu.update(numbers(step), p, Floats.of(1, 1, 1), m, v, 0, 3);
    assertThat(p.array()).containsExactly(1, 2, 3);
    assertThat(m.array()).containsExactly(4, 5, 6);
    assertThat(v.array()).containsExactly(7, 8, 9);
    double[] state = {1};
    AdamWReference.update(step, state, state, state, state, 0, 1);
    assertThat(state).containsExactly(1);
  }

  @Test
  void gradientsAreScaledToTheNormThatIsAllowed() {
    assertThat(AdamWReference.gradientScale(4, 1, 1)).isEqualTo(0.25);
    assertThat(AdamWReference.gradientScale(0.5, 1, 1)).isEqualTo(1);
    assertThat(AdamWReference.gradientScale(0, 1, 1)).isEqualTo(1);
    assertThat(AdamWReference.gradientScale(4, 1, 0)).isEqualTo(1);
    assertThat(AdamWReference.gradientScale(4, Double.NaN, 1)).isNaN();
    assertThat(AdamWReference.gradientScale(Double.POSITIVE_INFINITY, 1, 0)).isNaN();
  }

  @Test
  void theOrderOfPackedNumbersIsTheKernels() {
    float[] packed = new AdamWStep(2, 0.5, 0.75, 0.5, 0.125, 0.25, 0.0625).packed();
    assertThat(packed)
        .containsExactly(
            new float[] {
              0.25f, 0.5f, 0.5f, 0.875f, 0.5f / 0.4375f, (float) Math.sqrt(0.75), 0.125f, 0.0625f
            },
            within(1e-7f));
  }

  @Test
  void aNaNGradientSpoilsItsParameterAlone() {
    Floats p = Floats.of(1, 2, 3);
    AdamWCpu.update(
        numbers(step(1, 0, 1)),
        p,
        Floats.of(1, Float.NaN, 1),
        Floats.zeros(3),
        Floats.zeros(3),
        0,
        3);
    assertThat(p.array()[0]).isFinite();
    assertThat(p.array()[1]).isNaN();
    assertThat(p.array()[2]).isFinite();
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "2", "3", "7", "8", "9", "100", "16383", "16384", "16385", "100003"})
  void sumOfSquaresMatchesReference(int n) {
    double[] x = Oracle.normal(n, n);
    double expected = AdamWReference.sumOfSquares(x);
    assertThat(AdamWCpu.sumOfSquares(Oracle.floats(x))).isCloseTo(expected, within(1e-12 * n));
  }

  @Test
  void sumOfSquaresNeitherOverflowsNorHidesNaN() {
    assertThat(AdamWCpu.sumOfSquares(Floats.of(3e38f, 2e38f))).isCloseTo(1.3e77, within(1e71));
    assertThat(AdamWCpu.sumOfSquares(Floats.of(1, Float.NaN))).isNaN();
  }

  @Test
  void resultDoesNotDependOnThreads() {
    Floats g = Oracle.floats(Oracle.normal(1, 100_003));
    Oracle.assertSameOnAnyThreads(
        "AdamW",
        () -> {
          Floats p = Floats.zeros(100_003 + 1);
          Floats m = Floats.zeros(100_003);
          Floats v = Floats.zeros(100_003);
          AdamWCpu.update(numbers(step(1, 0.2, 1)), p.slice(0, 100_003), g, m, v, 0, 100_003);
          p.array()[100_003] = (float) AdamWCpu.sumOfSquares(g);
          return p.array();
        });
  }
}
