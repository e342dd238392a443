package dev.diptych.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * The oracle chain of kernel tests: finite differences check the double reference, the double
 * reference checks the f32 kernel.
 */
public final class Oracle {
  private Oracle() {}

  /** {@code length} values from N(0, 1) that are exactly f32 numbers; the same for a seed. */
  public static double[] normal(long seed, int length) {
    Random random = new Random(seed);
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** The same numbers in f32, at an odd offset inside a larger array, with NaN on both sides. */
  public static Floats floats(double[] values) {
    float[] array = new float[values.length + 12];
    Arrays.fill(array, Float.NaN);
    for (int i = 0; i < values.length; i++) {
      array[5 + i] = (float) values[i];
    }
    return new Floats(array, 5, values.length);
  }

  /** An output run full of NaN, so that an element that is not written shows. */
  public static Floats unwritten(int length) {
    double[] nan = new double[length];
    Arrays.fill(nan, Double.NaN);
    return floats(nan);
  }

  /** Σ y_i · weight_i: turns an output into a scalar whose gradient is the weight. */
  public static double dot(double[] y, double[] weight) {
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      sum += y[i] * weight[i];
    }
    return sum;
  }

  /**
   * Holds {@code gradient} to central differences of {@code scalar} at {@code x}: relative to the
   * largest element of the gradient, within 1e-7.
   */
  public static void assertGradient(
      String what, ToDoubleFunction<double[]> scalar, double[] x, double[] gradient) {
    double largest = 1e-3;
    for (double g : gradient) {
      largest = Math.max(largest, Math.abs(g));
    }
    double[] moved = x.clone();
    for (int i = 0; i < x.length; i++) {
      double step = 1e-5 * Math.max(1, Math.abs(x[i]));
      moved[i] = x[i] + step;
      double up = scalar.applyAsDouble(moved);
      moved[i] = x[i] - step;
      double down = scalar.applyAsDouble(moved);
      moved[i] = x[i];
      assertThat(gradient[i])
          .as("%s: gradient of element %d", what, i)
          .isCloseTo((up - down) / (2 * step), within(1e-7 * largest));
    }
  }

  /**
   * Holds a kernel's {@code found} to the reference's {@code expected}: each element within {@code
   * tolerance} times the larger of 1 and the root mean square of the expected. NaN must meet NaN
   * and an infinity the same infinity. Checks too that nothing was written around the run.
   */
  public static void assertClose(String what, double[] expected, Floats found, double tolerance) {
    assertThat(found.length()).as("%s: length", what).isEqualTo(expected.length);
    double squares = 0;
    int finite = 0;
    for (double e : expected) {
      if (Double.isFinite(e)) {
        squares += e * e;
        finite++;
      }
    }
    double scale = Math.max(1, Math.sqrt(squares / Math.max(1, finite)));
    float[] array = found.array();
    for (int i = 0; i < expected.length; i++) {
      float value = array[found.offset() + i];
      boolean close =
          Double.isFinite(expected[i])
              ? Math.abs(value - expected[i]) <= tolerance * scale
              : Float.compare(value, (float) expected[i]) == 0;
      if (!close) {
        fail(
            "%s: element %d is %s, not %s within %.3g",
            what, i, value, expected[i], tolerance * scale);
      }
    }
    for (int i = 0; i < array.length; i++) {
      if ((i < found.offset() || i >= found.end()) && !Float.isNaN(array[i])) {
        fail("%s: written outside, at %d: %s", what, i - found.offset(), array[i]);
      }
    }
  }

  /**
   * Runs {@code kernel} on 1, 2, 3 and 7 threads, over and over while the compiler takes it over,
   * and holds the outputs to be bit-identical.
   */
  public static void assertSameOnAnyThreads(String what, Supplier<float[]> kernel) {
    int before = Parallel.threads();
    try {
      Parallel.setThreads(1);
      float[] alone = kernel.get();
      for (int round = 0; round < 12; round++) {
        for (int threads : new int[] {2, 3, 7}) {
          Parallel.setThreads(threads);
          assertThat(Arrays.mismatch(kernel.get(), alone))
              .as("%s: first element that differs on %d threads, run %d", what, threads, round)
              .isEqualTo(-1);
        }
      }
    } finally {
      Parallel.setThreads(before);
    }
  }
}
