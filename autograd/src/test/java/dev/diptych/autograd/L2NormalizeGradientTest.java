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

class L2NormalizeGradientTest {
  @Test
  void gradientIsCentralDifferences() {
    Var x = Vars.normal(1, Shape.of(2, 3, 5));
    GradientCheck.check(List.of(x), tape -> Vars.weightedSum(tape, Functions.l2Normalize(tape, x)));
  }

  @Test
  void aNumberIsNoRow() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      assertThatThrownBy(() -> Functions.l2Normalize(tape, tape.scalar(1)))
          .isInstanceOf(ShapeException.class)
          .hasMessageStartingWith("l2_normalize: x must have at least 1 axes");
      Var four = Var.constant(Tensor.of(new float[] {-4}, Shape.of(1, 1)));
      assertThat(Functions.l2Normalize(tape, four).value().item()).isEqualTo(-1f);
    }
  }
}
