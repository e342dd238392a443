package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReduceGradientTest {
  private final Var x = Vars.normal(1, Shape.of(2, 3, 5));

  @Test
  void gradientsAreCentralDifferences() {
    List<Var> variables = List.of(x);
    GradientCheck.check(variables, t -> Arithmetic.sum(t, x));
    GradientCheck.check(variables, t -> Arithmetic.mean(t, x));
    GradientCheck.check(variables, t -> Vars.weightedSum(t, Arithmetic.sumRows(t, x)));
    GradientCheck.check(variables, t -> Vars.weightedSum(t, Arithmetic.sumColumns(t, x)));
    GradientCheck.check(variables, t -> Vars.weightedSum(t, Arithmetic.max(t, x)));
  }

  @Test
  void valuesAndShapes() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      Var y = Var.constant(Tensor.of(new float[] {1, 5, 2, 8, 8, 6}, Shape.of(2, 3)));
      assertThat(Arithmetic.sum(tape, y).value().item()).isEqualTo(30);
      assertThat(Arithmetic.mean(tape, y).value().item()).isEqualTo(5);
      assertThat(Arithmetic.sumRows(tape, y).value().toArray()).containsExactly(9, 13, 8);
      assertThat(Arithmetic.sumColumns(tape, y).value().toArray()).containsExactly(8, 22);
      assertThat(Arithmetic.max(tape, y).value().toArray()).containsExactly(5, 8);
      assertThat(Arithmetic.max(tape, y).value().shape()).isEqualTo(Shape.of(2));
    }
  }

  @Test
  void theMaximumOfNothingIsRefused() {
    Var empty = Vars.normal(1, Shape.of(2, 0));
    assertThatThrownBy(() -> GradientCheck.check(List.of(empty), t -> Arithmetic.max(t, empty)))
        .isInstanceOf(ShapeException.class)
        .hasMessage("max: the innermost axis of x must not be empty, got (2, 0)");
  }
}
