package dev.diptych.kernels.conv2d;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Conv2dTest {
  /**
   * Stride and padding of the stem; a stride that leaves pixels over; padding beyond the kernel.
   */
  @ParameterizedTest
  @CsvSource({"5,6,2,3,3,3,2,1", "5,4,3,2,2,3,1,0", "6,6,2,2,2,2,3,0", "2,3,2,2,1,2,2,2"})
  void referenceGradientsAreFiniteDifferences(
      int height, int width, int c, int o, int kh, int kw, int stride, int padding) {
    Conv2dDims d = new Conv2dDims(2, height, width, c, o, kh, kw, stride, padding);
    double[] x = Oracle.normal(1, d.inputFloats());
    double[] w = Oracle.normal(2, d.weightFloats());
    double[] dy = Oracle.normal(3, d.outputFloats());
    double[] dx = new double[x.length];
    double[] dw = new double[w.length];
    Conv2dReference.backward(d, x, w, dy, dx, dw);
    Oracle.assertGradient("dx", v -> scalar(d, v, w, dy), x, dx);
    Oracle.assertGradient("dw", v -> scalar(d, x, v, dy), w, dw);
  }

  private static double scalar(Conv2dDims d, double[] x, double[] w, double[] dy) {
    double[] y = new double[d.outputFloats()];
    Conv2dReference.forward(d, x, w, y);
    return Oracle.dot(y, dy);
  }

  @Test
  void referenceOnPaper() {
    // 3×3 ones over a picture of 1 … 4 with a rim of zeros: every window sees all four.
    Conv2dDims d = new Conv2dDims(1, 2, 2, 1, 1, 3, 3, 1, 1);
    double[] y = new double[4];
    double[] ones = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    Conv2dReference.forward(d, new double[] {1, 2, 3, 4}, ones, y);
    assertThat(y).containsExactly(10, 10, 10, 10);
    // A kernel that looks one pixel to the right.
    Conv2dReference.forward(
        d, new double[] {1, 2, 3, 4}, new double[] {0, 0, 0, 0, 0, 1, 0, 0, 0}, y);
    assertThat(y).containsExactly(2, 0, 4, 0);
  }

  /**
   * Channels and rows around the lanes and tiles, 1×1 as a plain product and with a stride, kernels
   * that are not square, strides that leave pixels over, more rows than one task and than one sum
   * takes, no pictures.
   */
  @ParameterizedTest
  @CsvSource({
    "1,1,1,1,1,1,1,1,0",
    "2,3,2,3,2,1,1,1,0",
    "2,5,5,3,4,1,1,2,0",
    "1,4,4,2,3,3,3,1,1",
    "2,7,5,3,7,3,3,2,1",
    "3,6,6,8,8,3,3,1,1",
    "1,8,8,4,15,3,3,1,1",
    "1,9,8,15,16,2,3,1,0",
    "1,9,8,16,17,3,2,2,2",
    "2,8,8,17,31,3,3,1,1",
    "1,8,8,31,33,3,3,1,1",
    "1,7,7,33,65,3,3,1,1",
    "2,2,3,2,2,1,2,2,2",
    "1,14,14,64,32,3,3,1,1",
    "3,40,40,3,8,3,3,2,1",
    "2,33,31,5,9,3,3,1,1",
    "1,50,40,2,3,5,4,3,2",
    "0,4,4,2,3,3,3,1,1"
  })
  void kernelMatchesReference(
      int b, int height, int width, int c, int o, int kh, int kw, int stride, int padding) {
    Conv2dDims d = new Conv2dDims(b, height, width, c, o, kh, kw, stride, padding);
    double[] x = Oracle.normal(1, d.inputFloats());
    double[] w = Oracle.normal(2, d.weightFloats());
    double[] y = new double[d.outputFloats()];
    Floats fy = Oracle.unwritten(y.length);
    Conv2dReference.forward(d, x, w, y);
    Conv2dCpu.forward(d, Oracle.floats(x), Oracle.floats(w), fy);
    Oracle.assertClose("y", y, fy, 1e-5);

    double[] dy = Oracle.normal(3, y.length);
    double[] dx = new double[x.length];
    double[] dw = Oracle.normal(4, w.length); // added to what is there
    Floats fdx = Oracle.unwritten(dx.length);
    Floats fdw = Oracle.floats(dw);
    Conv2dReference.backward(d, x, w, dy, dx, dw);
    Conv2dCpu.backwardInput(d, Oracle.floats(w), Oracle.floats(dy), fdx);
    Conv2dCpu.backwardWeight(d, Oracle.floats(x), Oracle.floats(dy), fdw);
    Oracle.assertClose("dx", dx, fdx, 1e-5);
    Oracle.assertClose("dw", dw, fdw, 1e-5);
  }

  @Test
  void aNaNReachesTheWindowsThatSeeIt() {
    Conv2dDims d = new Conv2dDims(2, 6, 6, 5, 7, 3, 3, 1, 1);
    double[] x = Oracle.normal(1, d.inputFloats());
    x[(36 + 6 + 2) * 5] = Double.NaN; // second picture: row 1, column 2
    Floats y = Oracle.unwritten(d.outputFloats());
    Conv2dCpu.forward(d, Oracle.floats(x), Oracle.floats(Oracle.normal(2, d.weightFloats())), y);
    float[] out = y.toArray();
    for (int i = 0; i < out.length; i++) {
      int row = i / 7 % 36 / 6;
      int column = i / 7 % 6;
      boolean sees = i / 7 >= 36 && row <= 2 && column >= 1 && column <= 3;
      assertThat(Float.isNaN(out[i])).as("element %d", i).isEqualTo(sees);
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    Conv2dDims d = new Conv2dDims(3, 30, 30, 20, 24, 3, 3, 1, 1);
    Floats x = Oracle.floats(Oracle.normal(1, d.inputFloats()));
    Floats w = Oracle.floats(Oracle.normal(2, d.weightFloats()));
    Oracle.assertSameOnAnyThreads(
        "convolution",
        () -> {
          Floats out = Floats.zeros(d.outputFloats() + d.inputFloats() + d.weightFloats());
          Floats y = out.slice(0, d.outputFloats());
          Conv2dCpu.forward(d, x, w, y);
          Conv2dCpu.backwardInput(d, w, y, out.slice(d.outputFloats(), d.inputFloats()));
          Conv2dCpu.backwardWeight(
              d, x, y, out.slice(d.outputFloats() + d.inputFloats(), d.weightFloats()));
          return out.array();
        });
  }
}
