package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.GpuLostException;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Cost;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.util.Comparator;
import java.util.Optional;

/**
 * What a device was measured to do at most: the two lines of a roofline (Williams et al. 2009).
 *
 * @param gigabytesPerSecond read plus written by a large copy
 * @param f32Gigaflops GFLOP/s in f32: on a GPU of the largest matrix product, ours or cuBLAS's, on
 *     a CPU of multiply-adds in registers
 * @param bf16Gigaflops GFLOP/s of the largest matrix product in bf16; 0 on a CPU, which has no
 *     kernels in bf16
 */
public record Ceilings(double gigabytesPerSecond, double f32Gigaflops, double bf16Gigaflops) {
  /** Bytes of the copy that measures a GPU's bandwidth: far more than any cache holds. */
  private static final long COPY_BYTES = 1L << 30;

  /** What names of timings of our own products begin with. */
  private static final String OURS = "matmul ";

  /** Floats of the copy that measures the CPU's. */
  private static final int COPY_FLOATS = 1 << 24;

  private static final int COPY_FLOATS_PER_TASK = 1 << 18;
  private static final int COPIES = 8;

  /** Measures a GPU. */
  static Ceilings ofGpu(Gpu gpu, Suite suite) {
    double copy;
    try (Stopwatch stopwatch = new Stopwatch(gpu);
        var scope = gpu.scope()) {
      DeviceMemory from = scope.allocate(COPY_BYTES);
      DeviceMemory to = scope.allocate(COPY_BYTES);
      Stopwatch.Time time = stopwatch.time(one -> one.copy(from, to));
      copy = 2.0 * COPY_BYTES / time.median() / 1e6;
    }
    return new Ceilings(
        copy,
        largestProduct(gpu, suite, Precision.F32),
        largestProduct(gpu, suite, Precision.BF16));
  }

  /** The largest product of our kernels and that of cuBLAS, if it is there: the faster. */
  private static double largestProduct(Gpu gpu, Suite suite, Precision precision) {
    double most = 0;
    for (String library : new String[] {OURS, "cuBLAS "}) {
      Optional<GpuTiming> largest =
          suite.timings().stream()
              .filter(one -> one.precision() == precision && one.name().startsWith(library))
              .max(Comparator.comparingLong(one -> one.cost().flops()));
      if (largest.isEmpty()) {
        continue;
      }
      try {
        most = Math.max(most, GpuCheckup.time(gpu, largest.get()).gigaflops());
      } catch (GpuException e) {
        if (e instanceof GpuLostException || library.equals(OURS)) {
          throw e;
        }
        // What is wrong with cuBLAS is found again and told when its products are timed.
      }
    }
    return most;
  }

  /** Measures the CPU with all threads, in a second or two. */
  static Ceilings ofCpu() {
    Floats from = Floats.zeros(COPY_FLOATS);
    Floats to = Floats.zeros(COPY_FLOATS);
    long least = Long.MAX_VALUE;
    for (int i = 0; i < COPIES; i++) {
      long begin = System.nanoTime();
      Parallel.rows(
          COPY_FLOATS,
          COPY_FLOATS_PER_TASK,
          (first, end) -> System.arraycopy(from.array(), first, to.array(), first, end - first));
      least = Math.min(least, System.nanoTime() - begin);
    }
    return new Ceilings(2.0 * Float.BYTES * COPY_FLOATS / least, FmaPeak.measure(0.5), 0);
  }

  /** The same with other products, if those were faster: PyTorch's, for example. */
  public Ceilings atLeast(double f32, double bf16) {
    return new Ceilings(
        gigabytesPerSecond, Math.max(f32Gigaflops, f32), Math.max(bf16Gigaflops, bf16));
  }

  /** Whether moving the bytes at the ceiling takes longer than computing at it. */
  public boolean isBoundByMemory(Speed speed) {
    return moving(speed.cost()) >= computing(speed.cost(), speed.precision());
  }

  /** The share of the ceiling that an op reached, in the median: 1 is all of it. */
  public double share(Speed speed) {
    double least = Math.max(moving(speed.cost()), computing(speed.cost(), speed.precision()));
    return least / speed.medianUs();
  }

  private double moving(Cost cost) {
    return cost.bytes() / gigabytesPerSecond / 1e3;
  }

  private double computing(Cost cost, Precision precision) {
    return cost.flops() / 1e3 / (precision == Precision.BF16 ? bf16Gigaflops : f32Gigaflops);
  }
}
