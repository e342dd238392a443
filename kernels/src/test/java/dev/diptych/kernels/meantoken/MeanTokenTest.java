package dev.diptych.kernels.meantoken;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MeanTokenTest {
  @Test
  void referenceGradientsAreFiniteDifferences() {
    MeanTokenDims d = new MeanTokenDims(2, 3, 4);
    double[] x = Oracle.normal(1, 24);
    double[] positions = Oracle.normal(2, 16);
    double[] dy = Oracle.normal(3, 32);
    double[] dx = new double[24];
    double[] dPositions = new double[16];
    MeanTokenReference.backward(d, dy, dx, dPositions);
    Oracle.assertGradient("x", v -> scalar(d, v, positions, dy), x, dx);
    Oracle.assertGradient("positions", v -> scalar(d, x, v, dy), positions, dPositions);
  }

  private static double scalar(MeanTokenDims d, double[] x, double[] positions, double[] dy) {
    double[] y = new double[dy.length];
    MeanTokenReference.forward(d, x, positions, y);
    return Oracle.dot(y, dy);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "2,2,3", "3,4,7", "2,49,16", "5,9,17", "2,3,31", "1,4,33", "0,4,8"})
  void kernelMatchesReference(int b, int t, int c) {
    MeanTokenDims d = new MeanTokenDims(b, t, c);
    double[] x = Oracle.normal(1, b * t * c);
    double[] positions = Oracle.normal(2, (t + 1) * c);
    double[] y = new double[b * (t + 1) * c];
    Floats fy = Oracle.unwritten(y.length);
    MeanTokenReference.forward(d, x, positions, y);
    MeanTokenCpu.forward(d, Oracle.floats(x), Oracle.floats(positions), fy);
    Oracle.assertClose("y", y, fy, 1e-6);

    double[] dy = Oracle.normal(3, y.length);
    double[] dx = new double[x.length];
    Floats fdx = Oracle.unwritten(x.length);
    Floats fdPositions = Oracle.floats(positions); // added to what is there
    MeanTokenReference.backward(d, dy, dx, positions);
    MeanTokenCpu.backward(d, Oracle.floats(dy), fdx, fdPositions);
    Oracle.assertClose("dx", dx, fdx, 1e-6);
    Oracle.assertClose("positions", positions, fdPositions, 2e-6);
  }

  @Test
  void resultDoesNotDependOnThreads() {
    MeanTokenDims d = new MeanTokenDims(7, 49, 65);
    Floats x = Oracle.floats(Oracle.normal(1, 7 * 49 * 65));
    Floats positions = Oracle.floats(Oracle.normal(2, 50 * 65));
    Oracle.assertSameOnAnyThreads(
        "mean token",
        () -> {
          Floats out = Floats.zeros(7 * 50 * 65 + 7 * 49 * 65 + 50 * 65);
          Floats y = out.slice(0, 7 * 50 * 65);
          MeanTokenCpu.forward(d, x, positions, y);
          MeanTokenCpu.backward(
              d,
              y,
              out.slice(7 * 50 * 65, 7 * 49 * 65),
              out.slice(7 * 50 * 65 + 7 * 49 * 65, 50 * 65));
          return out.array();
        });
  }
}
