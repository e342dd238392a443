package dev.diptych.tensor.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PhiloxTest {
  /** The known answers of Random123's kat_vectors for philox4x32-10. */
  @Test
  void knownAnswers() {
    Philox zero = new Philox(0, 0);
    assertThat(zero.nextLong()).isEqualTo(0x6627e8d5L | (0xe169c58dL << 32));
    assertThat(zero.nextLong()).isEqualTo(0xbc57ac4cL | (0x9b00dbd8L << 32));
  }

  @Test
  void streamsAndSeedsDiffer() {
    long[] found = new long[100];
    for (int i = 0; i < 100; i++) {
      found[i] = new Philox(i / 10, Philox.stream(i % 10, 3)).nextLong();
    }
    assertThat(found).doesNotHaveDuplicates();
  }

  @Test
  void gaussiansHaveMeanZeroAndVarianceOne() {
    Philox random = new Philox(7, 1);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 100_000; i++) {
      double x = random.nextGaussian();
      sum += x;
      squares += x * x;
    }
    assertThat(sum / 100_000).isCloseTo(0, within(0.02));
    assertThat(squares / 100_000).isCloseTo(1, within(0.02));
  }
}
