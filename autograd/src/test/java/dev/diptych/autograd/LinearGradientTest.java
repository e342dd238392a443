package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinearGradientTest {
  private final Var x = Vars.normal(1, Shape.of(2, 3, 5));
  private final Var w = Vars.normal(2, Shape.of(4, 5));
  private final Var b = Vars.normal(3, Shape.of(4));
  private final Var residual = Vars.normal(4, Shape.of(2, 3, 4));

  @Test
  void plain() {
    GradientCheck.check(
        List.of(x, w, b), tape -> Vars.weightedSum(tape, Functions.linear(tape, x, w, b)));
  }

  @Test
  void residual() {
    GradientCheck.check(
        List.of(x, w, b, residual),
        tape -> Vars.weightedSum(tape, Functions.linear(tape, x, w, b, residual)));
  }

  @Test
  void aValueUsedTwiceCollectsBothGradients() {
    Var square = Vars.normal(5, Shape.of(5, 5));
    Var bias = Vars.normal(6, Shape.of(5));
    GradientCheck.check(
        List.of(x, square, bias),
        tape -> {
          Var y = Functions.linear(tape, x, square, bias, x);
          return Vars.weightedSum(tape, Functions.linear(tape, y, square, bias, y));
        });
  }

  @Test
  void matmul() {
    Var a = Vars.normal(7, Shape.of(3, 5));
    Var c = Vars.normal(8, Shape.of(5, 2));
    GradientCheck.check(
        List.of(a, c), tape -> Vars.weightedSum(tape, Functions.matmul(tape, a, c)));
  }

  @Test
  void misfitsAreNamed() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      assertThatThrownBy(() -> Functions.linear(tape, x, residual, b))
          .isInstanceOf(ShapeException.class)
          .hasMessage("linear: w must be (N, K) with K=5 to match x (2, 3, 5), got (2, 3, 4)");
      assertThatThrownBy(() -> Functions.linear(tape, x, w, w))
          .hasMessage("linear: b must be (N)=(4) to match w (4, 5), got (4, 5)");
      assertThatThrownBy(() -> Functions.linear(tape, x, w, b, x))
          .hasMessage(
              "linear: residual must be (…, N)=(2, 3, 4) to match x (2, 3, 5), got (2, 3, 5)");
      assertThatThrownBy(() -> Functions.matmul(tape, w, b))
          .hasMessageContaining("matmul: a (4, 5)");
    }
  }

  /** A long chain: what a backward pass frees is used again, so its peak stays near one layer's. */
  @Test
  void theWayBackGivesMemoryFree() {
    Var square = Vars.normal(5, Shape.of(64, 64));
    Var bias = Vars.normal(6, Shape.of(64));
    Var start = Vars.normal(9, Shape.of(100, 64));
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.recording(scope);
      Var y = start;
      for (int i = 0; i < 20; i++) {
        y = Functions.linear(tape, y, square, bias);
      }
      Var sum = Vars.weightedSum(tape, y);
      long forward = scope.peakBytes();
      tape.backward(sum);
      // The gradients of square, bias and start stay; two activations' worth is in flight.
      assertThat(scope.peakBytes()).isLessThan(forward + 4L * (3 * 6400 + 64 * 64 + 64 + 100));
    }
  }
}
