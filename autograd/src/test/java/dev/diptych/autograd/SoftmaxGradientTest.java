package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

class SoftmaxGradientTest {
  @Test
  void gradientsAreCentralDifferences() {
    Var x = Vars.normal(1, Shape.of(2, 3, 7));
    GradientCheck.check(List.of(x), tape -> Vars.weightedSum(tape, Functions.softmax(tape, x)));
    GradientCheck.check(List.of(x), tape -> Vars.weightedSum(tape, Functions.logSoftmax(tape, x)));
  }

  @Test
  void aMisfitIsNamed() {
    Var x = Vars.normal(1, Shape.scalar());
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      assertThatThrownBy(() -> Functions.softmax(tape, x))
          .isInstanceOf(ShapeException.class)
          .hasMessage("softmax: x must have at least 1 axes, got the shape ()");
      assertThatThrownBy(() -> Functions.logSoftmax(tape, x))
          .isInstanceOf(ShapeException.class)
          .hasMessage("log_softmax: x must have at least 1 axes, got the shape ()");
    }
  }
}
