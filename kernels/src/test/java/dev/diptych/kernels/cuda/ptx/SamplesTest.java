package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.parallel.Parallel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Kernels as nvcc compiled them, from start to end. */
class SamplesTest {
  private final int before = Parallel.threads();

  @AfterEach
  void restore() {
    Parallel.setThreads(before);
  }

  @Test
  void thePtxIsThatOfTheSource() throws NoSuchAlgorithmException {
    for (String name : new String[] {"vectoradd", "softmax", "transpose", "matmul", "histogram"}) {
      byte[] source = Sample.text(name + ".cu").getBytes(StandardCharsets.UTF_8);
      String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(source));
      assertThat(Sample.text(name + ".ptx").lines().findFirst())
          .as("%s.ptx is older or newer than %s.cu: compile it again", name, name)
          .contains("// source sha256 " + hash);
    }
  }

  @Test
  void aSumOfVectorsOfAnyLength() {
    for (int n : new int[] {1, 31, 32, 33, 1000}) {
      Sample sample = Sample.of(Sample.text("vectoradd.ptx"), "vector_add");
      float[] a = Sample.normal(n, 1);
      float[] b = Sample.normal(n, 2);
      long y = sample.allocate("y", 4L * n);
      sample.launch(
          Extent.of((n + 127) / 128),
          Extent.of(128),
          0,
          sample.upload("a", a),
          sample.upload("b", b),
          y,
          n);
      float[] result = sample.floats(y, n);
      for (int i = 0; i < n; i++) {
        assertThat(result[i]).isEqualTo(a[i] + b[i]);
      }
    }
  }

  @Test
  void fourElementsAtATime() {
    Sample sample = Sample.of(Sample.text("vectoradd.ptx"), "vector_add_by_four");
    float[] a = Sample.normal(400, 1);
    float[] b = Sample.normal(400, 2);
    long y = sample.allocate("y", 1600);
    sample.launch(
        Extent.of(1), Extent.of(128), 0, sample.upload("a", a), sample.upload("b", b), y, 100);
    assertThat(sample.floats(y, 400)[399]).isEqualTo(a[399] + b[399]);
  }

  @Test
  void softmaxAcrossWarps() {
    for (int n : new int[] {1, 50, 77, 256, 1000}) {
      int rows = 3;
      Sample sample = Sample.of(Sample.text("softmax.ptx"), "softmax");
      float[] x = Sample.normal(rows * n, n);
      long input = sample.uploadBf16("x", x);
      long output = sample.allocate("y", 2L * rows * n);
      long logSumExp = sample.allocate("log_sum_exp", 4L * rows);
      sample.launch(Extent.of(rows), Extent.of(128), 0, input, output, logSumExp, n);
      float[] y = sample.bf16s(output, rows * n);
      float[] lse = sample.floats(logSumExp, rows);
      for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
          sum += Math.exp(x[r * n + i]);
        }
        assertThat(lse[r]).isCloseTo((float) Math.log(sum), within(2e-6f));
        for (int i = 0; i < n; i++) {
          double expected = Math.exp(x[r * n + i]) / sum;
          assertThat((double) y[r * n + i]).isCloseTo(expected, within(expected * 0x1p-8 + 1e-30));
        }
      }
    }
  }

  @Test
  void aTransposeThroughSharedMemory() {
    int rows = 70;
    int columns = 45;
    Sample sample = Sample.of(Sample.text("transpose.ptx"), "transpose");
    float[] x = Sample.normal(rows * columns, 3);
    long y = sample.allocate("y", 4L * rows * columns);
    sample.launch(Extent.of(2, 3), Extent.of(32, 8), 0, sample.upload("x", x), y, rows, columns);
    float[] result = sample.floats(y, rows * columns);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        assertThat(result[c * rows + r]).isEqualTo(x[r * columns + c]);
      }
    }
  }

  @Test
  void aProductOnTheTensorCores() {
    int[][] shapes = {{32, 32, 32}, {1, 1, 8}, {33, 40, 104}, {64, 31, 200}};
    for (int[] shape : shapes) {
      int m = shape[0];
      int n = shape[1];
      int k = shape[2];
      float[] a = Sample.normal(m * k, 1);
      float[] b = Sample.normal(n * k, 2);
      float[] c = product(a, b, m, n, k);
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          double size = 0;
          for (int d = 0; d < k; d++) {
            double term = (double) a[i * k + d] * b[j * k + d];
            sum += term;
            size += Math.abs(term);
          }
          assertThat((double) c[i * n + j]).isCloseTo(sum, within(size * 1e-6));
        }
      }
    }
  }

  /** Rounds a and b to bf16 and multiplies them with the sample. */
  private static float[] product(float[] a, float[] b, int m, int n, int k) {
    Sample sample = Sample.of(Sample.text("matmul.ptx"), "matmul");
    long left = sample.uploadBf16("a", a);
    long right = sample.uploadBf16("b", b);
    long c = sample.allocate("c", 4L * m * n);
    sample.launch(
        Extent.of((n + 31) / 32, (m + 31) / 32), Extent.of(128), 0, left, right, c, m, n, k);
    return sample.floats(c, m * n);
  }

  @Test
  void aHistogramByAtomics() {
    int n = 1500;
    Sample sample = Sample.of(Sample.text("histogram.ptx"), "histogram");
    int[] values = new int[n];
    int[] expected = new int[32];
    for (int i = 0; i < n; i++) {
      values[i] = i * i % 37;
      expected[values[i] & 31]++;
    }
    long input = sample.upload("values", values);
    long counts = sample.upload("counts", new int[32]);
    long busy = sample.upload("busy", new int[1]);
    sample.launch(Extent.of(8), Extent.of(224), 32 * 4, input, n, counts, busy);
    assertThat(sample.ints(counts, 32)).isEqualTo(expected);
    assertThat(sample.ints(busy, 1)).containsExactly(1500);
  }

  @Test
  void theNumberOfThreadsChangesNothing() {
    float[][] results =
        Stream.of(1, 2, 5)
            .map(threads -> {
              Parallel.setThreads(threads);
              return product(Sample.normal(100 * 64, 1), Sample.normal(100 * 64, 2), 100, 100, 64);
            })
            .toArray(float[][]::new);
    assertThat(results[1]).isEqualTo(results[0]);
    assertThat(results[2]).isEqualTo(results[0]);
  }
}
