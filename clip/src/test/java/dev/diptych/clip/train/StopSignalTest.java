package dev.diptych.clip.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What needs no real signal; {@code StoppedTrainingTest} sends those. */
class StopSignalTest {
  @Test
  void isRaisedByHand() {
    try (StopSignal signal = StopSignal.manual()) {
      assertThat(signal.isRequested()).isFalse();
      signal.request();
      assertThat(signal.isRequested()).isTrue();
    }
  }

  @Test
  void aRunThatEndsByItselfLeavesNoHook() {
    StopSignal signal = StopSignal.install();
    signal.close();
    assertThat(signal.isRequested()).isFalse();
    signal.close(); // closing twice does no harm
    assertThat(signal.isRequested()).isFalse();
  }
}
