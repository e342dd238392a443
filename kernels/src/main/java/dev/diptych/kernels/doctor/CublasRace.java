package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.matmul.CublasGemm;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.matmul.MatmulReference;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Timings of cuBLAS beside our own products, where it is installed. */
final class CublasRace {
  private static final int TOKENS = 50 * 256;

  /** Products that are timed in both precisions by our own kernels too, under the same names. */
  private static final List<MatmulDims> BOTH =
      List.of(
          MatmulDims.of(TOKENS, 768, 768, false, true),
          MatmulDims.of(TOKENS, 3072, 768, false, true),
          MatmulDims.of(TOKENS, 768, 3072, false, true),
          MatmulDims.of(768, 768, TOKENS, true, false));

  /** Products of bf16 alone. */
  private static final List<MatmulDims> OF_BF16 =
      List.of(
          MatmulDims.of(TOKENS, 768, 3072, false, false),
          MatmulDims.of(3072, 768, TOKENS, true, false),
          MatmulDims.of(8192, 8192, 8192, false, true));

  /** Opened by the first timing, since it takes long, and kept until the process ends. */
  private @Nullable CublasGemm cublas;

  private CublasRace() {}

  static void addTo(Suite suite) {
    if (!CublasGemm.isInstalled()) {
      return;
    }
    CublasRace race = new CublasRace();
    for (MatmulDims d : BOTH) {
      suite.time(name(d), d.cost(), w -> race.timed(w, d));
      suite.timeBf16(name(d), d.cost(), w -> race.timed(w, d));
    }
    for (MatmulDims d : OF_BF16) {
      suite.timeBf16(name(d), d.cost(), w -> race.timed(w, d));
    }
  }

  private static String name(MatmulDims d) {
    return "cuBLAS " + MatmulCases.name(d);
  }

  private GpuTiming.Launches timed(Workbench w, MatmulDims d) {
    CublasGemm library = on(w.gpu());
    check(library, w, MatmulDims.of(5, 7, 3, d.transposeA(), d.transposeB()));
    DeviceMemory a = w.filled(d.aLength());
    DeviceMemory b = w.filled(d.bLength());
    DeviceMemory c = w.out(d.cLength());
    return gpu -> library.multiply(d, w.precision(), a, b, c);
  }

  private CublasGemm on(Gpu gpu) {
    if (cublas == null) {
      cublas = CublasGemm.open(gpu);
    }
    return cublas;
  }

  /** A race against something that computes something else would say nothing. */
  static void check(CublasGemm library, Workbench w, MatmulDims d) {
    double[] a = w.normal(1, d.aLength());
    double[] b = w.normal(2, d.bLength());
    double[] expected = new double[d.cLength()];
    MatmulReference.multiply(d, a, b, expected);
    DeviceMemory c = w.out(d.cLength());
    library.multiply(d, w.precision(), w.in(a), w.in(b), c);
    try {
      w.check("C", expected, c, 1e-5);
    } catch (GpuMismatch e) {
      throw new GpuException("cuBLAS does not agree: " + e.getMessage(), e);
    }
  }
}
