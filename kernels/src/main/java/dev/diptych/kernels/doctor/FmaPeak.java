package dev.diptych.kernels.doctor;

import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.MultiplyAdds;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The most f32 multiply-adds that the machine does, measured: independent chains of vector fma in
 * registers and nothing else.
 */
public final class FmaPeak {
  /** Some hundreds of µs: short enough that many runs escape a busy machine's interruptions. */
  private static final int ROUNDS = 50_000;

  /** Holds the results, so that the compiler cannot drop the work. */
  private static final AtomicInteger sink = new AtomicInteger();

  private FmaPeak() {}

  /**
   * The best rate in GFLOP/s that the threads of {@link Parallel} reached together within {@code
   * seconds}.
   */
  public static double measure(double seconds) {
    untilCompiled();
    int threads = Parallel.threads();
    double flops = (double) MultiplyAdds.flops(ROUNDS) * threads;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    double best = 0;
    do {
      long begin = System.nanoTime();
      Parallel.run(threads, i -> sink.addAndGet(Float.floatToIntBits(MultiplyAdds.run(ROUNDS))));
      best = Math.max(best, flops / (System.nanoTime() - begin));
    } while (System.nanoTime() < end);
    return best;
  }

  /**
   * Runs the loop until its speed has stayed the same for long: interpreted it is hundreds of times
   * slower, and the compiler comes when it can.
   */
  private static void untilCompiled() {
    long limit = System.nanoTime() + 20_000_000_000L;
    long best = Long.MAX_VALUE;
    for (int steady = 0; steady < 200 && System.nanoTime() < limit; ) {
      long begin = System.nanoTime();
      sink.addAndGet(Float.floatToIntBits(MultiplyAdds.run(2_000)));
      long time = System.nanoTime() - begin;
      steady = time < best / 2 ? 0 : steady + 1;
      best = Math.min(best, time);
    }
  }
}
