package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.kernels.gelu.GeluReference;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.MatmulBf16Cuda;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.matmul.MatmulReference;
import dev.diptych.kernels.matmul.TensorCoreTile;
import java.util.Arrays;
import java.util.Locale;

/** Cases and timings of matrix multiplication on the tensor cores. */
final class MatmulBf16Cases {
  /** At, below and above the edges of chunks, slices and tiles; the deep one is cut along K. */
  private static final int[][] SIZES = {
    {1, 1, 1},
    {3, 5, 0},
    {5, 4, 7},
    {17, 33, 15},
    {64, 64, 64},
    {66, 70, 129},
    {20, 40, 600},
    {0, 3, 4},
    {3, 0, 4}
  };

  private MatmulBf16Cases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      for (MatmulDims d : MatmulCases.forms(size[0], size[1], size[2])) {
        suite.checkBf16("matmul " + MatmulCases.name(d), w -> product(w, d, Precision.BF16));
      }
    }
    for (TensorCoreTile tile : TensorCoreTile.values()) {
      for (MatmulDims d : MatmulCases.forms(136, 264, 200)) {
        suite.checkBf16(
            "matmul " + MatmulCases.name(d) + " by " + name(tile), w -> columnSums(w, d, tile));
      }
    }
    for (MatmulDims d : MatmulCases.forms(8, 40, 24)) {
      String name = "matmul of f32 " + MatmulCases.name(d);
      suite.checkBf16(name, w -> product(w, d, Precision.F32));
      int a = d.aLength();
      int b = d.bLength();
      int c = d.cLength();
      suite.checkBf16(name + " ×3", w -> product(w, d.withBatch(3, a, b, c), Precision.F32));
      suite.checkBf16(
          name + " ×3 with gaps",
          w -> product(w, d.withBatch(3, a + 8, b + 16, c + 4), Precision.BF16));
      suite.checkBf16(
          name + " summed", w -> product(w, d.withBatch(3, a + 8, b + 8, 0), Precision.F32));
      MatmulDims strided =
          d.withRowStrides(d.aRowStride() + 8, d.bRowStride() + 3, d.cRowStride() + 5);
      suite.checkBf16(name + " strided", w -> product(w, strided, Precision.BF16));
    }
    for (int[] size : new int[][] {{3, 5, 0}, {50, 72, 80}, {13, 31, 1100}}) {
      String name = "matmul epilogues " + size[0] + "×" + size[1] + "×" + size[2];
      suite.checkBf16(name, w -> epilogues(w, size[0], size[1], size[2], Precision.BF16));
      suite.checkBf16(
          name + " in f32", w -> epilogues(w, size[0], size[1], size[2], Precision.F32));
    }
    timings(suite);
  }

  /** The products of a ViT-B/32's layers for 256 pictures, forwards and backwards. */
  private static void timings(Suite suite) {
    int tokens = 50 * 256;
    time(suite, MatmulDims.of(tokens, 768, 768, false, true));
    time(suite, MatmulDims.of(tokens, 3072, 768, false, true));
    time(suite, MatmulDims.of(tokens, 768, 3072, false, true));
    time(suite, MatmulDims.of(tokens, 768, 768, false, false));
    time(suite, MatmulDims.of(tokens, 768, 3072, false, false));
    time(suite, MatmulDims.of(tokens, 3072, 768, false, false));
    time(suite, MatmulDims.of(768, 768, tokens, true, false));
    time(suite, MatmulDims.of(3072, 768, tokens, true, false));
    time(suite, MatmulDims.of(768, 3072, tokens, true, false));
    time(suite, MatmulDims.of(8192, 8192, 8192, false, true));
    MatmulDims d = MatmulDims.of(tokens, 3072, 768, false, true);
    for (TensorCoreTile tile : TensorCoreTile.values()) {
      suite.timeBf16(
          "matmul " + MatmulCases.name(d) + " by " + name(tile),
          d.cost(),
          w -> {
            DeviceMemory a = w.filled(d.aLength());
            DeviceMemory b = w.filled(d.bLength());
            DeviceMemory c = w.out(d.cLength());
            return gpu ->
                MatmulBf16Cuda.multiplyWith(
                    tile, gpu, d, a, b, c, Precision.BF16, CudaEpilogue.NONE, null);
          });
    }
    suite.timeBf16(
        "linear " + tokens + "×768→3072 GELU",
        d.cost(),
        w -> {
          DeviceMemory a = w.filled(d.aLength());
          DeviceMemory b = w.filled(d.bLength());
          DeviceMemory c = w.out(d.cLength());
          CudaEpilogue gelu =
              new CudaEpilogue.BiasActivation(
                  w.inF32(w.f32Normal(1, d.n())), Activation.GELU, w.out(d.cLength()));
          return gpu -> MatmulBf16Cuda.multiply(gpu, d, a, b, c, Precision.BF16, gelu);
        });
    MatmulDims back = MatmulDims.of(tokens, 3072, 768, false, false);
    suite.timeBf16(
        "gradient through GELU " + MatmulCases.name(back),
        back.cost(),
        w -> {
          DeviceMemory dy = w.filled(back.aLength());
          DeviceMemory weights = w.filled(back.bLength());
          DeviceMemory dz = w.out(back.cLength());
          DeviceMemory bias = w.inF32(new double[back.n()]);
          CudaEpilogue gelu =
              new CudaEpilogue.ActivationGradient(w.filled(back.cLength()), Activation.GELU);
          return gpu ->
              MatmulBf16Cuda.multiplyAndSumColumns(
                  gpu, back, dy, weights, dz, Precision.BF16, gelu, bias);
        });
  }

  private static void time(Suite suite, MatmulDims d) {
    suite.timeBf16(
        "matmul " + MatmulCases.name(d),
        d.cost(),
        w -> {
          DeviceMemory a = w.filled(d.aLength());
          DeviceMemory b = w.filled(d.bLength());
          DeviceMemory c = w.out(d.cLength());
          return gpu -> MatmulBf16Cuda.multiply(gpu, d, a, b, c, Precision.BF16, CudaEpilogue.NONE);
        });
  }

  private static String name(TensorCoreTile tile) {
    return tile.toString().toLowerCase(Locale.ROOT) + " tiles";
  }

  private static double[] normal(Workbench w, Precision precision, long seed, int length) {
    return Workbench.exactly(precision, w.f32Normal(seed, length));
  }

  /** Sums of exact products: the tensor cores cut off bits that an fma would round. */
  private static double tolerance(double depth) {
    return 2e-6 * Math.sqrt(depth + 1);
  }

  private static void product(Workbench w, MatmulDims d, Precision ofC) {
    double[] a = w.normal(d.m() + 1, d.aLength());
    double[] b = w.normal(d.n() + 2, d.bLength());
    DeviceMemory ga = w.in(a);
    DeviceMemory gb = w.in(b);
    double[] sum = normal(w, ofC, 5, d.cLength());
    DeviceMemory gSum = w.in(ofC, sum);
    MatmulReference.multiply(d, a, b, sum);
    MatmulBf16Cuda.multiply(w.gpu(), d, ga, gb, gSum, ofC, CudaEpilogue.ACCUMULATE);
    double depth = (double) d.k() * (d.cBatchStride() == 0 ? d.batch() : 1);
    w.check("accumulate", sum, gSum, ofC, tolerance(depth));

    double[] c = new double[d.cLength()];
    DeviceMemory gc = w.out(ofC, c.length);
    MatmulReference.multiply(d, a, b, c);
    MatmulBf16Cuda.multiply(w.gpu(), d, ga, gb, gc, ofC, CudaEpilogue.NONE);
    w.check("product", MatmulCases.withGaps(d, c), gc, ofC, tolerance(depth));

    double[] dc = w.normal(6, d.cLength());
    double[] da = normal(w, ofC, 7, d.aLength());
    double[] db = normal(w, ofC, 8, d.bLength());
    DeviceMemory gdc = w.in(dc);
    DeviceMemory gda = w.in(ofC, da);
    DeviceMemory gdb = w.in(ofC, db);
    MatmulReference.backward(d, a, b, dc, da, db);
    MatmulCuda.backwardA(w.gpu(), d, Precision.BF16, gb, gdc, gda, ofC, CudaEpilogue.ACCUMULATE);
    MatmulCuda.backwardB(w.gpu(), d, Precision.BF16, ga, gdc, gdb, ofC, CudaEpilogue.ACCUMULATE);
    double deepest = Math.max(d.m(), d.n()) * (double) Math.max(1, d.batch());
    w.check("da", da, gda, ofC, tolerance(deepest));
    w.check("db", db, gdb, ofC, tolerance(deepest));
  }

  /** With a given tile: gradients through an activation, and the bias's as sums of columns. */
  private static void columnSums(Workbench w, MatmulDims d, TensorCoreTile tile) {
    double[] a = w.normal(d.m() + 1, d.aLength());
    double[] b = w.normal(d.n() + 2, d.bLength());
    double[] z = w.normal(3, d.cLength());
    double[] sums = w.f32Normal(4, d.n());
    double[] c = new double[d.cLength()];
    MatmulReference.multiply(d, a, b, c);
    c = throughActivation(Activation.QUICK_GELU, z, c);
    for (int i = 0; i < c.length; i++) {
      sums[i % d.n()] += c[i];
    }
    DeviceMemory gc = w.out(c.length);
    DeviceMemory gSums = w.inF32(w.f32Normal(4, d.n()));
    MatmulBf16Cuda.multiplyWith(
        tile,
        w.gpu(),
        d,
        w.in(a),
        w.in(b),
        gc,
        Precision.BF16,
        new CudaEpilogue.ActivationGradient(w.in(z), Activation.QUICK_GELU),
        gSums);
    w.check("product", c, gc, 2 * tolerance(d.k()));
    w.checkF32("column sums", sums, gSums, 2 * tolerance((double) d.k() * d.m()));
  }

  private static double[] throughActivation(Activation activation, double[] z, double[] dy) {
    double[] dx = new double[dy.length];
    GeluReference.backward(new GeluDims(dy.length, activation), z, dy, dx);
    return dx;
  }

  private static void epilogues(Workbench w, int m, int n, int k, Precision ofC) {
    MatmulDims d =
        MatmulDims.of(m, n, k, false, true)
            .withRowStrides(k, k, n + 3)
            .withBatch(2, m * k, 0, m * (n + 3) + 1);
    double[] a = w.normal(1, d.aLength());
    double[] b = w.normal(2, d.bLength());
    double[] bias = w.f32Normal(3, n);
    double[] product = new double[d.cLength()];
    MatmulReference.multiply(d, a, b, product);
    double[] biased = product.clone();
    MatmulReference.addBias(d, bias, biased);
    double[] like = normal(w, ofC, 4, d.cLength());
    DeviceMemory ga = w.in(a);
    DeviceMemory gb = w.in(b);
    DeviceMemory gBias = w.inF32(bias);
    DeviceMemory gLike = w.in(ofC, like);

    check(w, d, "bias", ga, gb, ofC, new CudaEpilogue.Bias(gBias), biased);
    double[] added = biased.clone();
    Arrays.setAll(added, i -> biased[i] + like[i]);
    check(w, d, "residual", ga, gb, ofC, new CudaEpilogue.BiasResidual(gBias, gLike), added);
    for (Activation activation : Activation.values()) {
      double[] activated = new double[biased.length];
      Arrays.setAll(activated, i -> MatmulReference.activate(activation, biased[i]));
      DeviceMemory saved = w.out(ofC, biased.length);
      CudaEpilogue saving = new CudaEpilogue.BiasActivation(gBias, activation, saved);
      check(w, d, activation.toString(), ga, gb, ofC, saving, activated);
      w.check("pre-activation", MatmulCases.withGaps(d, biased), saved, ofC, tolerance(k));
      CudaEpilogue alone = new CudaEpilogue.BiasActivation(gBias, activation, null);
      check(w, d, activation + " alone", ga, gb, ofC, alone, activated);
      CudaEpilogue gradient = new CudaEpilogue.ActivationGradient(gLike, activation);
      double[] dx = throughActivation(activation, like, product);
      check(w, d, activation + " gradient", ga, gb, ofC, gradient, dx);
    }
    double[] sums = new double[n];
    for (int i = 0; i < d.batch() * m * n; i++) {
      sums[i % n] += biased[i / (m * n) * d.cBatchStride() + i / n % m * d.cRowStride() + i % n];
    }
    DeviceMemory gSums = w.inF32(new double[n]);
    DeviceMemory c = w.out(ofC, biased.length);
    MatmulBf16Cuda.multiplyAndSumColumns(
        w.gpu(), d, ga, gb, c, ofC, new CudaEpilogue.Bias(gBias), gSums);
    w.check("summed", MatmulCases.withGaps(d, biased), c, ofC, tolerance(k));
    w.checkF32("column sums", sums, gSums, tolerance(2.0 * m * k));
  }

  private static void check(
      Workbench w,
      MatmulDims d,
      String what,
      DeviceMemory a,
      DeviceMemory b,
      Precision ofC,
      CudaEpilogue epilogue,
      double[] expected) {
    DeviceMemory c = w.out(ofC, expected.length);
    MatmulBf16Cuda.multiply(w.gpu(), d, a, b, c, ofC, epilogue);
    w.check(what, MatmulCases.withGaps(d, expected), c, ofC, 2 * tolerance(d.k()));
  }
}
