package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.kernels.gelu.GeluReference;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.matmul.MatmulReference;
import java.util.ArrayList;
import java.util.List;

/** Cases and timings of matrix multiplication. */
final class MatmulCases {
  private static final boolean[] BOTH = {false, true};

  /** At, below and above the edges of packs, slices and tiles; deep ones are cut along K. */
  private static final int[][] SIZES = {
    {1, 1, 1}, {2, 3, 4}, {3, 5, 0}, {5, 4, 7}, {16, 16, 16}, {17, 33, 15}, {63, 64, 17},
    {64, 65, 32}, {65, 70, 33}, {50, 100, 64}, {20, 37, 600}, {13, 9, 1024}, {0, 3, 4}, {3, 0, 4}
  };

  private MatmulCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      for (MatmulDims d : forms(size[0], size[1], size[2])) {
        suite.check("matmul " + name(d), w -> product(w, d));
      }
    }
    // Enough tiles of 128 for the large kernel.
    for (MatmulDims d : forms(129, 8 * 128 + 5, 9)) {
      MatmulDims batched = d.withBatch(8, d.aLength() + 3, d.bLength() + 3, d.cLength() + 3);
      suite.check("matmul 8 of " + name(d), w -> forward(w, batched));
    }
    for (MatmulDims d : forms(5, 35, 7)) {
      batches(suite, d);
    }
    for (MatmulDims d : forms(17, 37, 9)) {
      suite.check(
          "matmul strided " + name(d),
          w ->
              product(
                  w, d.withRowStrides(d.aRowStride() + 3, d.bRowStride() + 1, d.cRowStride() + 5)));
    }
    for (int[] size : new int[][] {{1, 1, 1}, {3, 5, 0}, {50, 70, 80}, {14, 32, 1100}}) {
      suite.check(
          "matmul epilogues " + size[0] + "×" + size[1] + "×" + size[2],
          w -> epilogues(w, size[0], size[1], size[2]));
    }
    int tokens = 50 * 256;
    time(suite, tokens, 768, 768);
    time(suite, tokens, 3072, 768);
    time(suite, tokens, 768, 3072);
    time(suite, 4096, 4096, 4096);
    MatmulDims weights = MatmulDims.of(768, 768, tokens, true, false);
    suite.time("matmul " + name(weights), weights.cost(), w -> timed(w, weights));
  }

  private static void batches(Suite suite, MatmulDims d) {
    int a = d.aLength();
    int b = d.bLength();
    int c = d.cLength();
    List<MatmulDims> all =
        List.of(
            d.withBatch(0, a, b, c),
            d.withBatch(3, a, b, c),
            d.withBatch(3, a + 2, b + 1, c + 4),
            d.withBatch(3, 0, b, c),
            d.withBatch(3, a, 0, c),
            d.withBatch(3, a, b, 0),
            d.withBatch(2, a + 2, 0, 0));
    for (MatmulDims each : all) {
      String strides = each.aBatchStride() + "," + each.bBatchStride() + "," + each.cBatchStride();
      suite.check(
          "matmul " + each.batch() + " of " + name(d) + " by " + strides, w -> product(w, each));
    }
  }

  private static void time(Suite suite, int m, int n, int k) {
    MatmulDims d = MatmulDims.of(m, n, k, false, true);
    suite.time("matmul " + name(d), d.cost(), w -> timed(w, d));
  }

  private static GpuTiming.Launches timed(Workbench w, MatmulDims d) {
    DeviceMemory a = w.filled(d.aLength());
    DeviceMemory b = w.filled(d.bLength());
    DeviceMemory c = w.out(d.cLength());
    return gpu -> MatmulCuda.multiply(gpu, d, a, b, c, CudaEpilogue.NONE);
  }

  static String name(MatmulDims d) {
    return "%d×%d×%d %s%s"
        .formatted(d.m(), d.n(), d.k(), d.transposeA() ? "T" : "N", d.transposeB() ? "T" : "N");
  }

  static List<MatmulDims> forms(int m, int n, int k) {
    List<MatmulDims> forms = new ArrayList<>();
    for (boolean transposeA : BOTH) {
      for (boolean transposeB : BOTH) {
        forms.add(MatmulDims.of(m, n, k, transposeA, transposeB));
      }
    }
    return forms;
  }

  private static void forward(Workbench w, MatmulDims d) {
    double[] a = w.normal(d.m() + 1, d.aLength());
    double[] b = w.normal(d.n() + 2, d.bLength());
    double[] c = new double[d.cLength()];
    DeviceMemory gc = w.out(c.length);
    MatmulReference.multiply(d, a, b, c);
    MatmulCuda.multiply(w.gpu(), d, w.in(a), w.in(b), gc, CudaEpilogue.NONE);
    w.check("product", withGaps(d, c), gc, 1e-6 * Math.sqrt(d.k() + 1.0));
  }

  private static void product(Workbench w, MatmulDims d) {
    double[] a = w.normal(d.m() + 1, d.aLength());
    double[] b = w.normal(d.n() + 2, d.bLength());
    double tolerance = 1e-6 * Math.sqrt(d.k() + 1.0);
    DeviceMemory ga = w.in(a);
    DeviceMemory gb = w.in(b);
    double[] sum = w.normal(5, d.cLength());
    DeviceMemory gSum = w.in(sum);
    MatmulReference.multiply(d, a, b, sum);
    MatmulCuda.multiply(w.gpu(), d, ga, gb, gSum, CudaEpilogue.ACCUMULATE);
    w.check("accumulate", sum, gSum, tolerance);

    double[] c = new double[d.cLength()];
    DeviceMemory gc = w.out(c.length);
    MatmulReference.multiply(d, a, b, c);
    MatmulCuda.multiply(w.gpu(), d, ga, gb, gc, CudaEpilogue.NONE);
    w.check("product", withGaps(d, c), gc, tolerance);

    double[] dc = w.normal(6, d.cLength());
    double[] da = w.normal(7, d.aLength());
    double[] db = w.normal(8, d.bLength());
    DeviceMemory gdc = w.in(dc);
    DeviceMemory gda = w.in(da);
    DeviceMemory gdb = w.in(db);
    MatmulReference.backward(d, a, b, dc, da, db);
    MatmulCuda.backwardA(
        w.gpu(), d, Precision.F32, gb, gdc, gda, Precision.F32, CudaEpilogue.ACCUMULATE);
    MatmulCuda.backwardB(
        w.gpu(), d, Precision.F32, ga, gdc, gdb, Precision.F32, CudaEpilogue.ACCUMULATE);
    double deepest = Math.sqrt(Math.max(d.m(), d.n()) * (double) Math.max(1, d.batch()) + 1);
    w.check("da", da, gda, 1e-6 * deepest);
    w.check("db", db, gdb, 1e-6 * deepest);
  }

  /** What the reference says, and NaN between rows and items, where nothing may be written. */
  static double[] withGaps(MatmulDims d, double[] c) {
    double[] gaps = new double[c.length];
    java.util.Arrays.fill(gaps, Double.NaN);
    for (int item = 0; item < d.batch(); item++) {
      for (int i = 0; i < d.m(); i++) {
        int row = item * d.cBatchStride() + i * d.cRowStride();
        System.arraycopy(c, row, gaps, row, d.n());
      }
    }
    return gaps;
  }

  private static void epilogues(Workbench w, int m, int n, int k) {
    MatmulDims d =
        MatmulDims.of(m, n, k, false, true)
            .withRowStrides(k, k, n + 3)
            .withBatch(2, m * k, 0, m * (n + 3) + 1);
    double[] a = w.normal(1, d.aLength());
    double[] b = w.normal(2, d.bLength());
    double[] bias = w.f32Normal(3, n);
    double[] residual = w.normal(4, d.cLength());
    double[] product = new double[d.cLength()];
    MatmulReference.multiply(d, a, b, product);
    double[] biased = product.clone();
    MatmulReference.addBias(d, bias, biased);
    double tolerance = 1e-6 * Math.sqrt(k + 1.0);
    DeviceMemory ga = w.in(a);
    DeviceMemory gb = w.in(b);
    DeviceMemory gBias = w.inF32(bias);

    DeviceMemory c = w.out(biased.length);
    MatmulCuda.multiply(w.gpu(), d, ga, gb, c, new CudaEpilogue.Bias(gBias));
    w.check("bias", withGaps(d, biased), c, tolerance);

    double[] added = biased.clone();
    for (int i = 0; i < added.length; i++) {
      added[i] += residual[i];
    }
    c = w.out(biased.length);
    MatmulCuda.multiply(
        w.gpu(), d, ga, gb, c, new CudaEpilogue.BiasResidual(gBias, w.in(residual)));
    w.check("residual", withGaps(d, added), c, tolerance);

    for (Activation activation : Activation.values()) {
      double[] activated = new double[biased.length];
      for (int i = 0; i < activated.length; i++) {
        activated[i] = MatmulReference.activate(activation, biased[i]);
      }
      DeviceMemory saved = w.out(biased.length);
      c = w.out(biased.length);
      MatmulCuda.multiply(
          w.gpu(), d, ga, gb, c, new CudaEpilogue.BiasActivation(gBias, activation, saved));
      w.check(activation.toString(), withGaps(d, activated), c, 2 * tolerance);
      w.check("pre-activation", withGaps(d, biased), saved, tolerance);
      c = w.out(biased.length);
      MatmulCuda.multiply(
          w.gpu(), d, ga, gb, c, new CudaEpilogue.BiasActivation(gBias, activation, null));
      w.check(activation + " alone", withGaps(d, activated), c, 2 * tolerance);
      gradientThroughActivation(w, activation, m, n, k);
    }
  }

  /** What a layer before the activation gets, and the sums of that, which its bias collects. */
  private static void gradientThroughActivation(
      Workbench w, Activation activation, int m, int n, int k) {
    MatmulDims d = MatmulDims.of(m, n, k, false, false);
    double[] a = w.normal(1, d.aLength());
    double[] b = w.normal(2, d.bLength());
    double[] z = w.normal(3, d.cLength());
    double[] sums = w.normal(4, n);
    double[] product = new double[d.cLength()];
    double[] c = new double[d.cLength()];
    DeviceMemory gc = w.out(c.length);
    DeviceMemory gSums = w.in(sums);
    MatmulReference.multiply(d, a, b, product);
    GeluReference.backward(new GeluDims(c.length, activation), z, product, c);
    for (int i = 0; i < c.length; i++) {
      sums[i % n] += c[i];
    }
    MatmulCuda.multiplyAndSumColumns(
        w.gpu(),
        d,
        w.precision(),
        w.in(a),
        w.in(b),
        gc,
        w.precision(),
        new CudaEpilogue.ActivationGradient(w.in(z), activation),
        gSums);
    w.check(activation + " gradient", c, gc, 2e-6 * Math.sqrt(k + 1.0));
    w.check("column sums", sums, gSums, 2e-6 * Math.sqrt((double) k * m + 1));
  }
}
