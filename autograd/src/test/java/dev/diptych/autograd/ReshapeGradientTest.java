package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReshapeGradientTest {
  /** The view lies between two functions, and x is used a second time beside it. */
  @Test
  void gradientsAreCentralDifferences() {
    Var x = Vars.normal(1, Shape.of(2, 3, 4));
    GradientCheck.check(
        List.of(x),
        tape -> {
          Var y = Functions.softmax(tape, x);
          Var view = Functions.reshape(tape, y, Shape.of(6, 4));
          Var again = Functions.reshape(tape, Functions.softmax(tape, view), Shape.of(2, 3, 4));
          return Vars.weightedSum(tape, Arithmetic.multiply(tape, again, y));
        });
  }

  @Test
  void aMisfitIsNamed() {
    Var x = Vars.normal(1, Shape.of(2, 3));
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      assertThatThrownBy(() -> Functions.reshape(Tape.inference(scope), x, Shape.of(4)))
          .isInstanceOf(ShapeException.class)
          .hasMessage("reshape: (2, 3) has 6 elements, (4) has 4");
    }
  }
}
