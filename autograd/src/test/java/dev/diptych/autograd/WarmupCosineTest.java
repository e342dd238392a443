package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.optim.WarmupCosine;
import org.junit.jupiter.api.Test;

class WarmupCosineTest {
  @Test
  void risesAndFalls() {
    WarmupCosine rate = new WarmupCosine(2, 10, 110);
    assertThat(rate.at(0)).isEqualTo(0.2);
    assertThat(rate.at(9)).isEqualTo(2);
    assertThat(rate.at(10)).isEqualTo(2);
    assertThat(rate.at(60)).isCloseTo(1, within(1e-12));
    assertThat(rate.at(110)).isCloseTo(0, within(1e-12));
  }

  @Test
  void aWarmUpAsLongAsTheRunIsRefused() {
    assertThatThrownBy(() -> new WarmupCosine(1, 100, 100))
        .hasMessage("the warm-up must be shorter than the run: 100 steps of 100");
  }
}
