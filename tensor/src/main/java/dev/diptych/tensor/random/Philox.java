package dev.diptych.tensor.random;

import java.util.random.RandomGenerator;

/**
 * Philox 4×32-10, a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1,
 * 2, 3", SC 2011). The n-th number is a function of (seed, stream, n) alone, so that the picture
 * number 1,234 of epoch 7 is cropped the same whichever thread loads it and whether or not the run
 * was stopped in between: give every independent use its own stream.
 *
 * <p>Not safe for use by several threads at once; make one per use, they are cheap.
 */
public final class Philox implements RandomGenerator {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;

  private final long seed;
  private final long stream;
  private long position;
  private final long[] block = new long[2];

  /** The generator of the numbers (seed, stream, 0), (seed, stream, 1), … */
  public Philox(long seed, long stream) {
    this.seed = seed;
    this.stream = stream;
  }

  /**
   * A stream number for a use that is told apart by several numbers, such as (epoch, example): the
   * parts are mixed so that different parts give different streams for all practical purposes.
   */
  public static long stream(long first, long second) {
    return mix(mix(first) + 0x9E3779B97F4A7C15L + second);
  }

  private static long mix(long z) { // SplitMix64's finaliser
    long x = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }

  @Override
  public long nextLong() {
    int half = (int) (position & 1);
    if (half == 0) {
      fillBlock(position >>> 1);
    }
    position++;
    return block[half];
  }

  private void fillBlock(long counter) {
    int c0 = (int) counter;
    int c1 = (int) (counter >>> 32);
    int c2 = (int) stream;
    int c3 = (int) (stream >>> 32);
    int k0 = (int) seed;
    int k1 = (int) (seed >>> 32);
    for (int round = 0; round < 10; round++) {
      long p0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long p1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      int next0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      int next2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c1 = (int) p1;
      c3 = (int) p0;
      c0 = next0;
      c2 = next2;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    block[0] = (c0 & 0xFFFFFFFFL) | ((long) c1 << 32);
    block[1] = (c2 & 0xFFFFFFFFL) | ((long) c3 << 32);
  }
}
