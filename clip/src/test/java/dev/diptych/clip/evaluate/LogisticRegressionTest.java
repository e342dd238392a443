package dev.diptych.clip.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.optim.Lbfgs;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.random.Philox;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogisticRegressionTest {
  private static final int N = 120;
  private static final int C = 5;
  private static final int K = 3;

  private final float[] x = new float[N * C];
  private final int[] labels = new int[N];

  LogisticRegressionTest() {
    Philox random = new Philox(11, 0);
    for (int i = 0; i < N; i++) {
      labels[i] = i % K;
      for (int j = 0; j < C; j++) {
        x[i * C + j] = (float) (random.nextGaussian() + (j == labels[i] ? 1.2 : 0));
      }
    }
  }

  /** Held to Newton's method in double, a linear system with all second derivatives a step. */
  @ParameterizedTest
  @ValueSource(doubles = {0.01, 1, 100})
  void findsWhatNewtonFinds(double lambda) {
    LogisticRegression fitted =
        LogisticRegression.fit(Tensor.of(x, Shape.of(N, C)), labels, K, lambda, 1000, 1e-7);
    double[] expected = newton(lambda);
    assertThat(fitted.minimum().ending()).isNotEqualTo(Lbfgs.Ending.ITERATIONS);
    for (int i = 0; i < K * C; i++) {
      assertThat((double) fitted.weights().toArray()[i]).isCloseTo(expected[i], within(2e-4));
    }
    double mean = (expected[K * C] + expected[K * C + 1] + expected[K * C + 2]) / K;
    for (int k = 0; k < K; k++) { // a number added to all biases changes nothing
      assertThat(fitted.biases()[k] - expected[K * C + k] + mean).isCloseTo(0, within(3e-4));
    }
  }

  private double[] newton(double lambda) {
    int size = K * C + K;
    double[] w = new double[size];
    for (int step = 0; step < 30; step++) {
      double[] gradient = new double[size];
      double[][] hessian = new double[size][size];
      for (int i = 0; i < N; i++) {
        double[] p = probabilities(w, i);
        for (int k = 0; k < K; k++) {
          double slope = p[k] - (labels[i] == k ? 1 : 0);
          for (int a = 0; a <= C; a++) {
            gradient[at(k, a)] += slope * input(i, a);
            for (int m = 0; m < K; m++) {
              double curve = p[k] * ((k == m ? 1 : 0) - p[m]);
              for (int b = 0; b <= C; b++) {
                hessian[at(k, a)][at(m, b)] += curve * input(i, a) * input(i, b);
              }
            }
          }
        }
      }
      for (int i = 0; i < size; i++) {
        gradient[i] += i < K * C ? lambda * w[i] : 0;
        hessian[i][i] += i < K * C ? lambda : 1e-9; // biases may move together
      }
      double[] move = solve(hessian, gradient);
      for (int i = 0; i < size; i++) {
        w[i] -= move[i];
      }
    }
    return w;
  }

  private static int at(int k, int a) {
    return a < C ? k * C + a : K * C + k;
  }

  private double input(int row, int a) {
    return a < C ? x[row * C + a] : 1;
  }

  private double[] probabilities(double[] w, int row) {
    double[] p = new double[K];
    double sum = 0;
    for (int k = 0; k < K; k++) {
      for (int a = 0; a <= C; a++) {
        p[k] += w[at(k, a)] * input(row, a);
      }
      p[k] = Math.exp(p[k]);
      sum += p[k];
    }
    for (int k = 0; k < K; k++) {
      p[k] /= sum;
    }
    return p;
  }

  private static double[] solve(double[][] a, double[] b) {
    int n = b.length;
    double[] x = b.clone();
    for (int i = 0; i < n; i++) {
      int pivot = i;
      for (int r = i + 1; r < n; r++) {
        pivot = Math.abs(a[r][i]) > Math.abs(a[pivot][i]) ? r : pivot;
      }
      double[] row = a[i];
      a[i] = a[pivot];
      a[pivot] = row;
      double value = x[i];
      x[i] = x[pivot];
      x[pivot] = value;
      for (int r = i + 1; r < n; r++) {
        double factor = a[r][i] / a[i][i];
        for (int c = i; c < n; c++) {
          a[r][c] -= factor * a[i][c];
        }
        x[r] -= factor * x[i];
      }
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int c = i + 1; c < n; c++) {
        x[i] -= a[i][c] * x[c];
      }
      x[i] /= a[i][i];
    }
    return x;
  }

  @Test
  void classifiesWithItsWeights() {
    Tensor rows = Tensor.of(x, Shape.of(N, C));
    LogisticRegression fitted = LogisticRegression.fit(rows, labels, K, 1, 1000, 1e-6);
    double[] w = newton(1);
    int right = 0;
    for (int i = 0; i < N; i++) {
      double[] p = probabilities(w, i);
      right += p[labels[i]] >= Math.max(p[0], Math.max(p[1], p[2])) ? 1 : 0;
    }
    assertThat(right).isBetween(N / 2, N - 1);
    assertThat(fitted.measure(rows, labels).accuracy())
        .isCloseTo((double) right / N, within(0.009));
    assertThatThrownBy(() -> LogisticRegression.fit(rows, new int[3], K, 1, 10, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /**
   * More rows than are taken at once: the same as fewer rows, each several times, with λ scaled.
   */
  @Test
  void manyRowsAreTakenInParts() {
    int times = 50; // 6,000 rows
    float[] many = new float[times * N * C];
    int[] theirs = new int[times * N];
    for (int i = 0; i < times; i++) {
      System.arraycopy(x, 0, many, i * N * C, N * C);
      System.arraycopy(labels, 0, theirs, i * N, N);
    }
    float[] few =
        LogisticRegression.fit(Tensor.of(x, Shape.of(N, C)), labels, K, 1, 1000, 1e-7)
            .weights()
            .toArray();
    float[] all =
        LogisticRegression.fit(
                Tensor.of(many, Shape.of(times * N, C)), theirs, K, times, 1000, 1e-7)
            .weights()
            .toArray();
    assertThat(all).containsExactly(few, within(3e-4f));
  }

  @Test
  void theSearchFindsThePeakInFifteenTrials() {
    List<Double> tried = new ArrayList<>();
    LambdaSearch.Outcome found =
        LambdaSearch.search(lambda -> {
          tried.add(lambda);
          return -Math.abs(Math.log10(lambda) - 1.6); // best of the grid: 10^1.625
        });
    assertThat(tried.subList(0, 7)).containsExactly(1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e4, 1e6);
    assertThat(tried).hasSize(15).doesNotHaveDuplicates();
    assertThat(found.lambda()).isCloseTo(Math.pow(10, 1.625), within(1e-9));
    assertThat(found.trials()).hasSize(15);
    // At an end there is one neighbour less; of equals the one in the middle is taken.
    LambdaSearch.Outcome last = LambdaSearch.search(Math::log);
    assertThat(last.lambda()).isCloseTo(1e6, within(1e-3));
    assertThat(last.trials()).hasSize(11);
    assertThat(LambdaSearch.search(lambda -> 0.5).lambda()).isEqualTo(1);
    assertThat(LambdaSearch.lambda(95)).isCloseTo(Math.pow(10, 5.875), within(1e-3));
  }

  /** Noise in four of five features: some regularisation helps, and the search sees it. */
  @Test
  void aProbeIsFittedOnTrainingAndValidationSet() {
    FeatureSet set = new FeatureSet(Tensor.of(x, Shape.of(N, C)), labels, 0);
    FeatureSet[] split = set.split(0.25, 3);
    assertThat(split[0].labels()).hasSize(90);
    assertThat(split[1].labels()).hasSize(30);
    for (int k = 0; k < K; k++) {
      int label = k;
      assertThat(java.util.Arrays.stream(split[1].labels()).filter(l -> l == label)).hasSize(10);
    }
    assertThat(set.split(0.25, 3)[1].x().toArray()).containsExactly(split[1].x().toArray());
    assertThat(set.split(0.25, 4)[1].x().toArray()).isNotEqualTo(split[1].x().toArray());
    LinearProbe probe =
        LinearProbe.measure(K, split[0], split[1], set, LinearProbe.Settings.DEFAULT, trial -> {});
    LogisticRegression whole =
        LogisticRegression.fit(
            split[0].and(split[1]).x(),
            split[0].and(split[1]).labels(),
            K,
            probe.lambda(),
            1000,
            1e-6);
    assertThat(probe.test().metrics())
        .isEqualTo(whole.measure(set.x(), set.labels()).metrics())
        .doesNotContainKey("acc5");
    assertThat(probe.test().accuracy()).isGreaterThan(0.5);
    assertThat(probe.validating()).isEqualTo(30);
    assertThat(probe.trials()).extracting(LinearProbe.Trial::lambda).contains(probe.lambda());
  }
}
