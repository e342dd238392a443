package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import java.util.List;
import org.junit.jupiter.api.Test;

class LayerNormGradientTest {
  @Test
  void gradientsAreCentralDifferences() {
    Var x = Vars.normal(1, Shape.of(2, 3, 5));
    Var w = Vars.normal(2, Shape.of(5));
    Var b = Vars.normal(3, Shape.of(5));
    GradientCheck.check(
        List.of(x, w, b),
        tape -> Vars.weightedSum(tape, Functions.layerNorm(tape, x, w, b, 1e-5f)));
  }

  @Test
  void aMisfitIsNamed() {
    Var x = Vars.normal(1, Shape.of(8, 50, 6));
    Var w = Vars.normal(2, Shape.of(5));
    assertThatThrownBy(() ->
            GradientCheck.check(
                List.of(x),
                tape -> Vars.weightedSum(tape, Functions.layerNorm(tape, x, w, w, 1e-5f))))
        .isInstanceOf(ShapeException.class)
        .hasMessage("layer_norm: w must be (C)=(6) to match x (8, 50, 6), got (5)");
  }
}
