package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionGradientTest {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gradientsOfAPackedProjectionAreCentralDifferences(boolean causal) {
    Var qkv = Vars.normal(1, Shape.of(2, 5, 3 * 6));
    GradientCheck.check(
        List.of(qkv), tape -> Vars.weightedSum(tape, Functions.attention(tape, qkv, 2, causal)));
    int[] keyLengths = {3, 5};
    GradientCheck.check(
        List.of(qkv),
        tape -> Vars.weightedSum(tape, Functions.attention(tape, qkv, 2, causal, keyLengths)));
  }

  @Test
  void gradientsOfSeparateOperandsAreCentralDifferences() {
    Var q = Vars.normal(1, Shape.of(2, 2, 6));
    Var k = Vars.normal(2, Shape.of(2, 4, 6));
    Var v = Vars.normal(3, Shape.of(2, 4, 6));
    GradientCheck.check(
        List.of(q, k, v),
        tape -> Vars.weightedSum(tape, Functions.attention(tape, q, k, v, 3, new int[] {4, 2})));
  }

  @Test
  void oneOperandMayPlayAllParts() {
    Var x = Vars.normal(4, Shape.of(1, 4, 6));
    GradientCheck.check(
        List.of(x), tape -> Vars.weightedSum(tape, Functions.attention(tape, x, x, x, 2, null)));
  }

  @Test
  void misfitsAreNamed() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      Var qkv = Vars.normal(1, Shape.of(2, 5, 18));
      Var wide = Vars.normal(1, Shape.of(2, 5, 20));
      Var q = Vars.normal(1, Shape.of(2, 3, 6));
      Var k = Vars.normal(1, Shape.of(2, 4, 6));
      assertThatThrownBy(() -> Functions.attention(tape, wide, 2, false))
          .isInstanceOf(ShapeException.class)
          .hasMessage(
              "attention: qkv must be (B, T, 3·C), q, k and v of C columns side by side, got"
                  + " (2, 5, 20)");
      assertThatThrownBy(() -> Functions.attention(tape, qkv, 4, false))
          .isInstanceOf(ShapeException.class)
          .hasMessage("attention: the width C=6 cannot be cut into 4 heads: heads must divide C");
      assertThatThrownBy(() -> Functions.attention(tape, q, k, q, 2, null))
          .isInstanceOf(ShapeException.class)
          .hasMessage("attention: v must be (B, Tk, C)=(2, 4, 6) to match k, got (2, 3, 6)");
      assertThatThrownBy(() -> Functions.attention(tape, q, qkv, qkv, 2, null))
          .isInstanceOf(ShapeException.class)
          .hasMessage(
              "attention: k must be (B, Tk, C)=(2, 5, 6) to match q (2, 3, 6), got (2, 5, 18)");
      assertThatThrownBy(() -> Functions.attention(tape, qkv, 2, true, new int[] {5}))
          .isInstanceOf(ShapeException.class)
          .hasMessage(
              "attention: keyLengths must hold one length for each of the B=2 sequences, got 1");
      assertThatThrownBy(() -> Functions.attention(tape, qkv, 2, true, new int[] {5, 6}))
          .isInstanceOf(ShapeException.class)
          .hasMessage("attention: keyLengths[1] must lie in 0..5, the keys of a sequence, got 6");
    }
  }
}
