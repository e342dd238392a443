package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContrastiveLossGradientTest {
  @ParameterizedTest
  @CsvSource({"true,false", "false,false", "true,true"})
  void gradientsAreCentralDifferences(boolean normalize, boolean withIds) {
    Var image = Vars.normal(1, Shape.of(4, 6));
    Var text = Vars.normal(2, Shape.of(4, 6));
    Var logScale = Var.variable(Tensor.of(new float[] {0.5f}, Shape.scalar()));
    IntTensor ids = withIds ? new IntTensor(Shape.of(4), new int[] {3, 1, 3, 2}) : null;
    GradientCheck.check(
        List.of(image, text, logScale),
        tape -> Functions.contrastiveLoss(tape, image, text, logScale, ids, normalize).loss());
  }

  @Test
  void pairsThatAreAloneCanBeToldApart() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      Var x = Var.constant(Tensor.of(new float[] {2, 0, 0, 3}, Shape.of(2, 2)));
      Functions.Contrastive found =
          Functions.contrastiveLoss(tape, x, x, tape.scalar(0), null, true);
      assertThat(found.accuracy().item()).isEqualTo(1);
      assertThat(found.loss().value().item())
          .isCloseTo((float) Math.log1p(Math.exp(-1)), within(1e-6f));
    }
  }

  @Test
  void misfitsAreNamed() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      Var image = Vars.normal(1, Shape.of(4, 6));
      Var text = Vars.normal(2, Shape.of(4, 5));
      Var scale = tape.scalar(0);
      assertThatThrownBy(() -> Functions.contrastiveLoss(tape, image, text, scale, null, true))
          .isInstanceOf(ShapeException.class)
          .hasMessage("contrastive_loss: text must be (N, D)=(4, 6) to match image, got (4, 5)");
      IntTensor ids = new IntTensor(Shape.of(3), new int[3]);
      assertThatThrownBy(() -> Functions.contrastiveLoss(tape, image, image, scale, ids, true))
          .hasMessage(
              "contrastive_loss: ids must be (N)=(4), one for each row of image (4, 6), got (3)");
      assertThatThrownBy(() -> Functions.contrastiveLoss(tape, image, image, image, null, true))
          .hasMessage("contrastive_loss: logScale must be a single number, got the shape (4, 6)");
      Var none = Vars.normal(1, Shape.of(0, 6));
      assertThatThrownBy(() -> Functions.contrastiveLoss(tape, none, none, scale, null, true))
          .hasMessage("contrastive_loss: image must be (N, D) with at least one pair, got (0, 6)");
    }
  }
}
