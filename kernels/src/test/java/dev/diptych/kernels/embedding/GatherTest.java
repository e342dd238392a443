package dev.diptych.kernels.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatherTest {
  @Test
  void referenceGradientsAreFiniteDifferences() {
    GatherDims d = new GatherDims(3, 4, 2);
    int[] index = {3, 0, 2};
    double[] x = Oracle.normal(1, 24);
    double[] dy = Oracle.normal(2, 6);
    double[] dx = new double[24];
    GatherReference.backward(d, index, dy, dx);
    Oracle.assertGradient(
        "dx",
        v -> {
          double[] y = new double[6];
          GatherReference.forward(d, v, index, y);
          return Oracle.dot(y, dy);
        },
        x,
        dx);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "2,3,4", "3,7,17", "40,77,65", "0,3,4"})
  void kernelMatchesReference(int b, int t, int c) {
    GatherDims d = new GatherDims(b, t, c);
    int[] index = new int[b];
    for (int i = 0; i < b; i++) {
      index[i] = (i * 5 + t - 1) % t;
    }
    double[] x = Oracle.normal(1, b * t * c);
    double[] y = new double[b * c];
    Floats fy = Oracle.unwritten(b * c);
    GatherReference.forward(d, x, index, y);
    GatherCpu.forward(d, Oracle.floats(x), index, fy);
    Oracle.assertClose("y", y, fy, 0);
    double[] dx = new double[b * t * c];
    Floats fdx = Oracle.unwritten(dx.length);
    GatherReference.backward(d, index, y, dx);
    GatherCpu.backward(d, index, fy, fdx);
    Oracle.assertClose("dx", dx, fdx, 0);
  }

  @Test
  void aNaNElsewhereDoesNotShow() {
    double[] x = {1, Double.NaN, 2, Double.POSITIVE_INFINITY};
    Floats y = Oracle.unwritten(2);
    GatherCpu.forward(new GatherDims(2, 2, 1), Oracle.floats(x), new int[] {0, 1}, y);
    assertThat(y.toArray()).containsExactly(1, Float.POSITIVE_INFINITY);
  }

  @Test
  void resultDoesNotDependOnThreads() {
    GatherDims d = new GatherDims(64, 20, 65);
    int[] index = new int[64];
    Floats x = Oracle.floats(Oracle.normal(1, 64 * 20 * 65));
    Oracle.assertSameOnAnyThreads(
        "gather",
        () -> {
          Floats out = Floats.zeros(64 * 65 + 64 * 20 * 65);
          GatherCpu.forward(d, x, index, out.slice(0, 64 * 65));
          GatherCpu.backward(d, index, out.slice(0, 64 * 65), out.slice(64 * 65, 64 * 20 * 65));
          return out.array();
        });
  }
}
