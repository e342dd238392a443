package dev.diptych.kernels.simd;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Nothing but vector multiply-adds on registers: what the processor can do at most, and so the
 * yardstick for kernels that should be bound by arithmetic.
 */
public final class MultiplyAdds {
  /** Chains that do not wait for each other: more than latency × units of any current processor. */
  private static final int CHAINS = 12;

  private MultiplyAdds() {}

  /** Flops of {@link #run} of {@code rounds}. */
  public static long flops(long rounds) {
    return rounds * CHAINS * Lanes.COUNT * 2;
  }

  /** Does {@link #flops} flops; the result serves only to keep them from being optimised away. */
  public static float run(int rounds) {
    FloatVector x = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector y = FloatVector.broadcast(SPECIES, 0.001f);
    FloatVector c0 = y;
    FloatVector c1 = c0.add(y);
    FloatVector c2 = c1.add(y);
    FloatVector c3 = c2.add(y);
    FloatVector c4 = c3.add(y);
    FloatVector c5 = c4.add(y);
    FloatVector c6 = c5.add(y);
    FloatVector c7 = c6.add(y);
    FloatVector c8 = c7.add(y);
    FloatVector c9 = c8.add(y);
    FloatVector c10 = c9.add(y);
    FloatVector c11 = c10.add(y);
    for (int i = 0; i < rounds; i++) {
      c0 = c0.fma(x, y);
      c1 = c1.fma(x, y);
      c2 = c2.fma(x, y);
      c3 = c3.fma(x, y);
      c4 = c4.fma(x, y);
      c5 = c5.fma(x, y);
      c6 = c6.fma(x, y);
      c7 = c7.fma(x, y);
      c8 = c8.fma(x, y);
      c9 = c9.fma(x, y);
      c10 = c10.fma(x, y);
      c11 = c11.fma(x, y);
    }
    FloatVector sum = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
    return Lanes.sum(sum.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11));
  }
}
