package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A quick look at the CPU's kernels on this very machine: a handful of ops held to their double
 * references and timed. The tests hold all of them, at many sizes and vector widths.
 */
public final class CpuCheckup {
  /** An op is warm when it has not become faster by a fifth for so long, and so many runs. */
  private static final long STEADY_NANOS = 250_000_000;

  private static final int STEADY_RUNS = 20;

  /** The compiler of a busy machine may take its time; not more than this is waited for it. */
  private static final long LONGEST_WARM_UP_NANOS = 5_000_000_000L;

  private static final long TIMED_NANOS = 250_000_000;
  private static final int LEAST_RUNS = 3;

  /**
   * What an op did.
   *
   * @param name the op, direction, sizes
   * @param error the largest, relative to the larger of 1 and the output's root mean square
   * @param tolerance what the error may be
   * @param speed null if it was not asked for
   */
  public record Result(String name, double error, double tolerance, @Nullable Speed speed) {
    /** Whether the kernel agrees with the reference. */
    public boolean agrees() {
      return error <= tolerance;
    }
  }

  private CpuCheckup() {}

  /** Measures what the CPU can do at most, with all threads. */
  public static Ceilings ceilings() {
    return Ceilings.ofCpu();
  }

  /**
   * Runs ops.
   *
   * @param chosen which names
   * @param withTimings whether to time them too, a second or two each
   */
  public static List<Result> run(Predicate<String> chosen, boolean withTimings) {
    List<Result> results = new ArrayList<>();
    CpuOps.all()
        .forEach((name, make) -> {
          if (chosen.test(name)) {
            results.add(run(make.apply(name), withTimings));
          }
        });
    return results;
  }

  /** Checks what the first run wrote, since some ops update their operands. */
  static Result run(CpuOp op, boolean withTimings) {
    op.run();
    double error = op.error();
    return new Result(op.name, error, op.tolerance(), withTimings ? time(op) : null);
  }

  private static Speed time(CpuOp op) {
    untilCompiled(op);
    List<Long> times = new ArrayList<>();
    long end = System.nanoTime() + TIMED_NANOS;
    do {
      times.add(once(op));
    } while (System.nanoTime() < end || times.size() < LEAST_RUNS);
    long[] sorted = times.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return new Speed(
        op.name, Precision.F32, op.cost, sorted[sorted.length / 2] / 1e3, sorted[0] / 1e3);
  }

  /** Runs an op until its speed stays the same: interpreted it is hundreds of times slower. */
  private static void untilCompiled(CpuOp op) {
    long begin = System.nanoTime();
    long improved = begin;
    long best = Long.MAX_VALUE;
    long now = begin;
    for (int steady = 0;
        (steady < STEADY_RUNS || now - improved < STEADY_NANOS)
            && now - begin < LONGEST_WARM_UP_NANOS;
        steady++) {
      long time = once(op);
      now = System.nanoTime();
      if (time < 0.8 * best) {
        best = time;
        improved = now;
        steady = 0;
      }
    }
  }

  private static long once(CpuOp op) {
    long begin = System.nanoTime();
    op.run();
    return System.nanoTime() - begin;
  }
}
