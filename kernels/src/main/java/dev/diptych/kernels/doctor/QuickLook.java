package dev.diptych.kernels.doctor;

import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.matmul.PackedMatrix;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * {@code diptych bench}: in half a minute, how near the linear layers of ViT-B/32 come to the most
 * that this machine can do. Weights are packed once, as for inference. JMH (module bench) measures
 * more, and more carefully.
 */
public final class QuickLook {
  /** The towers of ViT-B/32: rows of x, and (N, K) of the four linear layers of a block. */
  private static final List<Group> GROUPS =
      List.of(
          new Group("1 picture, 50 patches", 50, 768),
          new Group("1 picture, 197 patches (ViT-B/16)", 197, 768),
          new Group("32 pictures", 32 * 50, 768),
          new Group("1 text", 77, 512),
          new Group("32 texts", 32 * 77, 512));

  /** The four linear layers of a transformer block on so many rows. */
  record Group(String name, int rows, int width) {
    MatmulDims[] layers() {
      return new MatmulDims[] {
        MatmulDims.of(rows, 3 * width, width, false, true),
        MatmulDims.of(rows, width, width, false, true),
        MatmulDims.of(rows, 4 * width, width, false, true),
        MatmulDims.of(rows, width, 4 * width, false, true)
      };
    }
  }

  /**
   * One line of the table.
   *
   * @param layer which rows of x
   * @param m rows
   * @param n outputs
   * @param k inputs
   * @param threads threads that worked on it
   * @param best the best of all runs, GFLOP/s
   * @param median the median of all runs, GFLOP/s
   * @param ofPeak best over the peak of as many threads
   * @param runs how often it ran
   */
  public record Row(
      String layer,
      int m,
      int n,
      int k,
      int threads,
      double best,
      double median,
      double ofPeak,
      int runs) {}

  /**
   * All of a result.
   *
   * @param when UTC
   * @param load how many threads of anything wanted a processor, averaged over a minute, before the
   *     measurements began; −1 where the system does not say
   * @param peakGflops measured peak of multiply-adds for each of {@code peakThreads}
   * @param peakThreads numbers of threads
   * @param matmul the table
   */
  public record Result(
      String when,
      Machine machine,
      double load,
      double[] peakGflops,
      int[] peakThreads,
      List<Row> matmul) {}

  private QuickLook() {}

  /**
   * Measures the layers of ViT-B/32 with 1 thread and with all, and prints as it goes.
   *
   * @param seconds for each line of the table
   */
  public static Result run(double seconds, PrintWriter out) {
    return run(seconds, GROUPS, out);
  }

  static Result run(double seconds, List<Group> groups, PrintWriter out) {
    Machine machine = Machine.current();
    double load =
        java.lang.management.ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    out.printf("%s, %d processors, %s%n", machine.cpu(), machine.processors(), machine.os());
    out.printf("JDK %s, %d-bit vectors%n", machine.jdk(), machine.vectorBits());
    int all = Parallel.threads();
    int[] threads = all == 1 ? new int[] {1} : new int[] {1, all};
    double[] peak = new double[threads.length];
    try {
      for (int i = 0; i < threads.length; i++) {
        Parallel.setThreads(threads[i]);
        peak[i] = FmaPeak.measure(1);
        out.printf("f32 multiply-add peak, %2d threads: %7.1f GFLOP/s%n", threads[i], peak[i]);
      }
      if (load > 0.5) {
        out.printf("The machine is busy (load %.1f): expect less than it can do.%n", load);
      }
      out.println();
      out.println(
          "y = x·wᵀ, weights packed once     threads    best  median GFLOP/s  best of peak");
      List<Row> rows = new ArrayList<>();
      warmUp();
      for (Group group : groups) {
        out.println(group.name());
        for (MatmulDims d : group.layers()) {
          for (int i = 0; i < threads.length; i++) {
            Parallel.setThreads(threads[i]);
            Row row = measure(group.name(), d, threads[i], peak[i], seconds);
            rows.add(row);
            out.printf(
                "  M %4d  N %4d  K %4d            %5d %9.1f %7.1f %16.2f%n",
                row.m(), row.n(), row.k(), row.threads(), row.best(), row.median(), row.ofPeak());
          }
        }
      }
      for (int i = 0; i < threads.length; i++) {
        summarise(rows, threads[i], out);
      }
      String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
      return new Result(now, machine, load, peak, threads, rows);
    } finally {
      Parallel.setThreads(all);
    }
  }

  private static void summarise(List<Row> rows, int threads, PrintWriter out) {
    double smallest = Double.POSITIVE_INFINITY;
    double product = 1;
    int count = 0;
    for (Row row : rows) {
      if (row.threads() == threads) {
        smallest = Math.min(smallest, row.ofPeak());
        product *= row.ofPeak();
        count++;
      }
    }
    out.printf(
        "%d threads: %.2f of peak in the geometric mean, %.2f at the least%n",
        threads, Math.pow(product, 1.0 / count), smallest);
  }

  /** Lets the compiler take over the kernels of all tile heights before anything is measured. */
  private static void warmUp() {
    for (int m = 1; m <= 28; m++) {
      MatmulDims d = MatmulDims.of(m, 64, 64, false, true);
      Floats x = Floats.zeros(m * 64);
      Floats y = Floats.zeros(m * 64);
      PackedMatrix w = MatmulCpu.pack(d, Floats.zeros(64 * 64));
      for (int i = 0; i < 300; i++) {
        MatmulCpu.multiply(d, x, w, y, Epilogue.NONE);
      }
    }
  }

  private static Row measure(String name, MatmulDims d, int threads, double peak, double seconds) {
    Floats x = random(1, d.aLength());
    Floats y = Floats.zeros(d.cLength());
    PackedMatrix w = MatmulCpu.pack(d, random(2, d.bLength()));
    double flops = d.cost().flops();
    double[] rates = new double[10_000];
    int runs = 0;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    long warm = System.nanoTime() + (long) (seconds * 0.25e9);
    do {
      long begin = System.nanoTime();
      MatmulCpu.multiply(d, x, w, y, Epilogue.NONE);
      long now = System.nanoTime();
      if (now > warm) {
        rates[runs++] = flops / (now - begin);
      }
    } while (runs < rates.length && (System.nanoTime() < end || runs < 3));
    Arrays.sort(rates, 0, runs);
    double best = rates[runs - 1];
    return new Row(
        name,
        d.m(),
        d.n(),
        d.k(),
        threads,
        round(best, 1),
        round(rates[runs / 2], 1),
        round(best / peak, 3),
        runs);
  }

  private static double round(double value, int digits) {
    double unit = Math.pow(10, digits);
    return Math.round(value * unit) / unit;
  }

  private static Floats random(long seed, int length) {
    Random random = new Random(seed);
    Floats values = Floats.zeros(length);
    for (int i = 0; i < length; i++) {
      values.array()[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
