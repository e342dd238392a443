package dev.diptych.kernels.averagepool;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AveragePoolTest {
  @Test
  void referenceGradientIsFiniteDifferences() {
    AveragePoolDims d = new AveragePoolDims(2, 5, 4, 3, 2);
    double[] x = Oracle.normal(1, d.inputFloats());
    double[] dy = Oracle.normal(2, d.outputFloats());
    double[] dx = new double[x.length];
    AveragePoolReference.backward(d, dy, dx);
    Oracle.assertGradient(
        "dx",
        v -> {
          double[] y = new double[dy.length];
          AveragePoolReference.forward(d, v, y);
          return Oracle.dot(y, dy);
        },
        x,
        dx);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1,1",
    "2,2,2,3,2",
    "1,3,3,4,2",
    "3,5,7,7,2",
    "2,6,6,8,3",
    "1,8,4,15,2",
    "2,4,4,16,4",
    "1,9,9,17,2",
    "2,4,6,31,2",
    "1,4,4,32,2",
    "1,5,4,33,2",
    "2,56,56,40,2",
    "1,1,1,5,2",
    "0,4,4,3,2"
  })
  void kernelMatchesReference(int b, int height, int width, int c, int k) {
    AveragePoolDims d = new AveragePoolDims(b, height, width, c, k);
    double[] x = Oracle.normal(1, d.inputFloats());
    double[] dy = Oracle.normal(2, d.outputFloats());
    double[] y = new double[dy.length];
    double[] dx = new double[x.length];
    Floats fy = Oracle.unwritten(y.length);
    Floats fdx = Oracle.unwritten(dx.length);
    AveragePoolReference.forward(d, x, y);
    AveragePoolReference.backward(d, dy, dx);
    AveragePoolCpu.forward(d, Oracle.floats(x), fy);
    AveragePoolCpu.backward(d, Oracle.floats(dy), fdx);
    Oracle.assertClose("y", y, fy, 1e-6);
    Oracle.assertClose("dx", dx, fdx, 1e-6);
  }

  @Test
  void resultDoesNotDependOnThreads() {
    AveragePoolDims d = new AveragePoolDims(3, 40, 40, 33, 2);
    Floats x = Oracle.floats(Oracle.normal(1, d.inputFloats()));
    Oracle.assertSameOnAnyThreads(
        "average pool",
        () -> {
          Floats out = Floats.zeros(d.outputFloats() + d.inputFloats());
          Floats y = out.slice(0, d.outputFloats());
          AveragePoolCpu.forward(d, x, y);
          AveragePoolCpu.backward(d, y, out.slice(d.outputFloats(), d.inputFloats()));
          return out.array();
        });
  }
}
