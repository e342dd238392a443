package dev.diptych.tensor.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.ShapeException;
import org.junit.jupiter.api.Test;

class AdamWTest {
  private static AdamWStep step(long t, double beta2) {
    return new AdamWStep(t, 0.1, 0.9, beta2, 1e-8, 0, 1);
  }

  @Test
  void tenStepsTowardsTheMinimumOfAParabola() {
    Floats x = Floats.of(1, -2);
    Floats means = Floats.zeros(2);
    Floats squares = Floats.zeros(2);
    for (int t = 1; t <= 10; t++) {
      Floats gradient = Floats.of(2 * x.array()[0], 2 * x.array()[1]);
      AdamW.update(step(t, 0.999), x, gradient, means, squares, 0, 2);
    }
    // Adam moves by about the learning rate at each step, whatever the gradient's size.
    assertThat(x.array()).containsExactly(new float[] {0.06f, -1.02f}, within(0.05f));
  }

  @Test
  void normIsTheLength() {
    assertThat(AdamW.norm(Floats.of(3, 0, -4))).isCloseTo(5, within(1e-12));
    assertThat(AdamW.norm(Floats.zeros(0))).isZero();
  }

  @Test
  void whatDoesNotFitIsNamed() {
    Floats three = Floats.zeros(3);
    assertThatThrownBy(
            () -> AdamW.update(step(1, 0.98), three, Floats.zeros(2), three, three, 0, 3))
        .isInstanceOf(ShapeException.class)
        .hasMessage("adamw: gradients must be as long as values, 3, got 2");
    assertThatThrownBy(() -> AdamW.update(step(1, 0.98), three, three, three, three, 2, 4))
        .isInstanceOf(ShapeException.class)
        .hasMessage("adamw: the range 2..4 does not lie in the 3 parameters");
    assertThatThrownBy(() -> AdamW.update(step(0, 0.98), three, three, three, three, 0, 3))
        .hasMessage("adamw: steps count from 1, got step 0");
    assertThatThrownBy(() -> AdamW.update(step(1, 1), three, three, three, three, 0, 3))
        .hasMessage("adamw: beta2 must lie in [0, 1), got 1.0");
  }
}
