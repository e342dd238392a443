package dev.diptych.kernels.relu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReluTest {
  @Test
  void referenceGradientIsFiniteDifferences() {
    ReluDims d = new ReluDims(40);
    double[] x = Oracle.normal(1, 40);
    double[] dy = Oracle.normal(2, 40);
    double[] y = new double[40];
    double[] dx = new double[40];
    ReluReference.forward(d, x, y);
    ReluReference.backward(d, y, dy, dx);
    Oracle.assertGradient(
        "dx",
        v -> {
          double[] moved = new double[40];
          ReluReference.forward(d, v, moved);
          return Oracle.dot(moved, dy);
        },
        x,
        dx);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100_001})
  void kernelMatchesReference(int n) {
    ReluDims d = new ReluDims(n);
    double[] x = Oracle.normal(n, n);
    double[] dy = Oracle.normal(n + 1, n);
    if (n > 8) {
      x[n - 1] = Double.NaN; // in the scalar tail, or
      x[1] = Double.NaN; // in a vector
      x[2] = Double.NEGATIVE_INFINITY;
      x[3] = Double.POSITIVE_INFINITY;
      x[4] = 0;
    }
    double[] y = new double[n];
    double[] dx = new double[n];
    ReluReference.forward(d, x, y);
    ReluReference.backward(d, y, dy, dx);
    Floats fy = Oracle.unwritten(n);
    Floats fdx = Oracle.unwritten(n);
    ReluCpu.forward(d, Oracle.floats(x), fy);
    ReluCpu.backward(d, fy, Oracle.floats(dy), fdx);
    Oracle.assertClose("y", y, fy, 0);
    Oracle.assertClose("dx", dx, fdx, 0);
  }

  @Test
  void worksInPlace() {
    Floats x = Floats.of(-1, 2, -3, 4, 5, -6, 7, -8, 9, 10, -11, 12, 13, -14, 15, 16, -17, 18);
    ReluCpu.forward(new ReluDims(18), x, x);
    assertThat(x.array())
        .containsExactly(0, 2, 0, 4, 5, 0, 7, 0, 9, 10, 0, 12, 13, 0, 15, 16, 0, 18);
    Floats dy = Floats.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    ReluCpu.backward(new ReluDims(18), x, dy, dy);
    assertThat(dy.array()).containsExactly(0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1);
  }
}
