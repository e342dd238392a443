package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.optim.Lbfgs;
import dev.diptych.tensor.random.Philox;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LbfgsTest {
  /** Σ 100·(x₂ᵢ₊₁ − x₂ᵢ²)² + (1 − x₂ᵢ)², whose minimum is 0 at (1, 1, …). */
  private static double rosenbrock(double[] x, double[] gradient) {
    double value = 0;
    for (int i = 0; i < x.length; i += 2) {
      double a = x[i + 1] - x[i] * x[i];
      double b = 1 - x[i];
      value += 100 * a * a + b * b;
      gradient[i] = -400 * a * x[i] - 2 * b;
      gradient[i + 1] = 200 * a;
    }
    return value;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 10})
  void findsTheValleyOfRosenbrock(int history) {
    double[] start = {-1.2, 1, -1.2, 1, 3, -4};
    Lbfgs.Minimum found = new Lbfgs(history, 500, 1e-9).minimise(LbfgsTest::rosenbrock, start);
    assertThat(found.ending()).isEqualTo(Lbfgs.Ending.CONVERGED);
    assertThat(found.x()).containsExactly(new double[] {1, 1, 1, 1, 1, 1}, within(1e-7));
    assertThat(found.gradientMax()).isLessThanOrEqualTo(1e-9);
    assertThat(found.evaluations()).isGreaterThanOrEqualTo(found.iterations());
    assertThat(start).containsExactly(-1.2, 1, -1.2, 1, 3, -4);
  }

  /** ½ xᵀAx − bᵀx with eigenvalues from 1 to 10⁴: the minimum solves A·x = b. */
  @Test
  void solvesConvexQuadratics() {
    int n = 40;
    Philox random = new Philox(5, 0);
    double[] scales = new double[n];
    double[] truth = new double[n];
    double[] axis = new double[n]; // of a reflection, so that no coordinate is an eigenvector
    double squares = 0;
    for (int i = 0; i < n; i++) {
      scales[i] = Math.pow(10, 4.0 * i / (n - 1));
      truth[i] = random.nextDouble() - 0.5;
      axis[i] = random.nextDouble() - 0.5;
      squares += axis[i] * axis[i];
    }
    double length = squares;
    Lbfgs.Minimum found =
        new Lbfgs(10, 1000, 1e-8)
            .minimise(
                (x, gradient) -> {
                  double[] y = new double[n];
                  for (int i = 0; i < n; i++) {
                    y[i] = x[i] - truth[i];
                  }
                  reflect(y, axis, length);
                  double value = 0;
                  for (int i = 0; i < n; i++) {
                    value += 0.5 * scales[i] * y[i] * y[i];
                    gradient[i] = scales[i] * y[i];
                  }
                  reflect(gradient, axis, length);
                  return value;
                },
                new double[n]);
    assertThat(found.ending()).isEqualTo(Lbfgs.Ending.CONVERGED);
    assertThat(found.x()).containsExactly(truth, within(1e-7));
  }

  private static void reflect(double[] x, double[] axis, double squares) {
    double dot = 0;
    for (int i = 0; i < x.length; i++) {
      dot += x[i] * axis[i];
    }
    for (int i = 0; i < x.length; i++) {
      x[i] -= 2 * dot / squares * axis[i];
    }
  }

  @Test
  void stopsWhereItIsTold() {
    double[] start = {-1.2, 1};
    Lbfgs.Minimum few = new Lbfgs(10, 3, 1e-9).minimise(LbfgsTest::rosenbrock, start);
    assertThat(few.ending()).isEqualTo(Lbfgs.Ending.ITERATIONS);
    assertThat(few.iterations()).isEqualTo(3);
    assertThat(few.value()).isLessThan(rosenbrock(start, new double[2]));
    Lbfgs.Minimum none =
        new Lbfgs(10, 3, 1e-9).minimise(LbfgsTest::rosenbrock, new double[] {1, 1});
    assertThat(none.iterations()).isZero();
    assertThat(none.evaluations()).isEqualTo(1);
  }

  /** A step into nothing is taken back: there is no logarithm below 0. */
  @Test
  void comesBackFromWhereTheFunctionIsNotFinite() {
    Lbfgs.Minimum found =
        new Lbfgs(5, 100, 1e-10)
            .minimise(
                (x, gradient) -> {
                  gradient[0] = 1 - 1 / x[0];
                  return x[0] - Math.log(x[0]); // NaN below 0; least at 1
                },
                new double[] {1e-3});
    assertThat(found.x()[0]).isCloseTo(1, within(1e-9));
    assertThatThrownBy(
            () -> new Lbfgs(5, 100, 1e-10).minimise((x, gradient) -> Double.NaN, new double[1]))
        .isInstanceOf(ArithmeticException.class);
  }

  /** With the noise of floats it ends near the minimum, and does not run on. */
  @Test
  void endsWhereNoiseLeavesNoWayDown() {
    Lbfgs.Minimum found =
        new Lbfgs(10, 1000, 0)
            .minimise(
                (x, gradient) -> {
                  double value = rosenbrock(x, gradient);
                  for (int i = 0; i < gradient.length; i++) {
                    gradient[i] = (float) gradient[i];
                  }
                  return (float) (value + 1);
                },
                new double[] {-1.2, 1});
    assertThat(found.ending()).isNotEqualTo(Lbfgs.Ending.ITERATIONS);
    assertThat(found.x()).containsExactly(new double[] {1, 1}, within(1e-2));
  }

  @Test
  void refusesSettingsWithoutSense() {
    assertThatThrownBy(() -> new Lbfgs(0, 1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Lbfgs(1, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Lbfgs(1, 1, Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
