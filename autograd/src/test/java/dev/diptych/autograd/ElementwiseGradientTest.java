package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ElementwiseGradientTest {
  private static Shape shape(String text) {
    if (text.isEmpty()) {
      return Shape.scalar();
    }
    String[] parts = text.split(" ", -1);
    int[] dims = new int[parts.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = Integer.parseInt(parts[i]);
    }
    return Shape.ofDims(dims);
  }

  @ParameterizedTest
  @CsvSource({
    "2 3, 2 3",
    "2 3 4, 4",
    "2 3 4, 3 4",
    "2 3, ''",
    "2 3, 1 1",
    "'', 2 3",
    "3, 2 3",
    "2 3, 2 1",
    "2 1, 1 3",
    "2 3 4, 2 1 4",
    "1 3 1, 2 1 4"
  })
  void gradientsAreCentralDifferences(String shapeA, String shapeB) {
    Var a = Vars.normal(1, shape(shapeA));
    Var b = Vars.normal(2, shape(shapeB));
    List<Var> both = List.of(a, b);
    GradientCheck.check(both, t -> Vars.weightedSum(t, Arithmetic.add(t, a, b)));
    GradientCheck.check(both, t -> Vars.weightedSum(t, Arithmetic.subtract(t, a, b)));
    GradientCheck.check(both, t -> Vars.weightedSum(t, Arithmetic.multiply(t, a, b)));
  }

  @Test
  void broadcastAsNumPyDoes() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      Var column = Var.constant(Tensor.of(new float[] {10, 20}, Shape.of(2, 1)));
      Var row = Var.constant(Tensor.of(new float[] {1, 2, 3}, Shape.of(3)));
      Tensor y = Arithmetic.subtract(tape, column, row).value();
      assertThat(y.shape()).isEqualTo(Shape.of(2, 3));
      assertThat(y.toArray()).containsExactly(9, 8, 7, 19, 18, 17);
    }
  }

  @Test
  void oneValueUsedTwice() {
    Var x = Vars.normal(1, Shape.of(2, 3));
    GradientCheck.check(
        List.of(x),
        t ->
            Vars.weightedSum(
                t,
                Arithmetic.add(
                    t,
                    Arithmetic.multiply(t, x, x),
                    Arithmetic.subtract(
                        t, Arithmetic.add(t, x, x), Arithmetic.scale(t, x, 0.5f)))));
  }

  @ParameterizedTest
  @EnumSource
  void gelu(Activation activation) {
    Var x = Vars.normal(1, Shape.of(3, 5));
    GradientCheck.check(List.of(x), t -> Vars.weightedSum(t, Functions.gelu(t, x, activation)));
  }

  @Test
  void aMisfitIsNamed() {
    Var a = Vars.normal(1, Shape.of(2, 3));
    Var b = Vars.normal(2, Shape.of(2, 4));
    assertThatThrownBy(() -> GradientCheck.check(List.of(a), t -> Arithmetic.add(t, a, b)))
        .isInstanceOf(ShapeException.class)
        .hasMessage(
            "add: a (2, 3) and b (2, 4) do not broadcast: counted from the last, axis 1 is 3 and"
                + " 4, must be equal or 1");
  }
}
