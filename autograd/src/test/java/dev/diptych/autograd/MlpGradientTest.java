package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MlpGradientTest {
  private static final int ROWS = 50;
  private static final int WIDTH = 16;
  private static final int HIDDEN = 64;

  private final Var x = Vars.normal(1, Shape.of(2, 3, 5));
  private final Var w1 = Vars.normal(2, Shape.of(7, 5));
  private final Var b1 = Vars.normal(3, Shape.of(7));
  private final Var w2 = Vars.normal(4, Shape.of(4, 7));
  private final Var b2 = Vars.normal(5, Shape.of(4));
  private final Var residual = Vars.normal(6, Shape.of(2, 3, 4));

  private static Var mlp(Tape tape, List<Var> in, Activation activation) {
    return Functions.mlp(
        tape, in.get(0), in.get(1), in.get(2), activation, in.get(3), in.get(4), in.get(5));
  }

  @ParameterizedTest
  @EnumSource
  void gradients(Activation activation) {
    List<Var> all = List.of(x, w1, b1, w2, b2, residual);
    GradientCheck.check(all, tape -> Vars.weightedSum(tape, mlp(tape, all, activation)));
  }

  @Test
  void aValueUsedTwiceCollectsBothGradients() {
    Var back = Vars.normal(7, Shape.of(5, 7));
    Var bias = Vars.normal(8, Shape.of(5));
    List<Var> all = List.of(x, w1, b1, back, bias, x);
    GradientCheck.check(
        List.of(x, w1), tape -> Vars.weightedSum(tape, mlp(tape, all, Activation.QUICK_GELU)));
  }

  /**
   * What is frozen gets no gradient, and that of the others has the same bits as if it were not.
   */
  @ParameterizedTest
  @ValueSource(ints = {0b000001, 0b000110, 0b000111, 0b011000, 0b100000, 0b011111, 0b101101})
  void frozenInputsChangeNothingForTheOthers(int frozen) {
    List<float[]> expected = gradientsWithFrozen(0);
    List<float[]> found = gradientsWithFrozen(frozen);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(found.get(i))
          .as("input %d", i)
          .isEqualTo((frozen >> i & 1) == 1 ? new float[0] : expected.get(i));
    }
  }

  private List<float[]> gradientsWithFrozen(int frozen) {
    List<Var> inputs = new ArrayList<>();
    for (Var input : List.of(x, w1, b1, w2, b2, residual)) {
      boolean isFrozen = (frozen >> inputs.size() & 1) == 1;
      inputs.add(isFrozen ? Var.constant(input.value()) : Var.variable(input.value()));
    }
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.recording(scope);
      tape.backward(Vars.weightedSum(tape, mlp(tape, inputs, Activation.GELU)));
      List<float[]> gradients = new ArrayList<>();
      for (Var input : inputs) {
        Tensor gradient = input.gradient();
        gradients.add(gradient == null ? new float[0] : gradient.toArray());
      }
      return gradients;
    }
  }

  @Test
  void misfitsAreNamed() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      assertMisfit(
          tape,
          List.of(x, w2, b1, w2, b2, residual),
          "mlp: w1 must be (H, K) with K=5 to match x (2, 3, 5), got (4, 7)");
      assertMisfit(
          tape,
          List.of(x, w1, b2, w2, b2, residual),
          "mlp: b1 must be (H)=(7) to match w1 (7, 5), got (4)");
      assertMisfit(
          tape,
          List.of(x, w1, b1, w1, b2, residual),
          "mlp: w2 must be (N, H) with H=7 to match w1 (7, 5), got (7, 5)");
      assertMisfit(
          tape,
          List.of(x, w1, b1, w2, b1, residual),
          "mlp: b2 must be (N)=(4) to match w2 (4, 7), got (7)");
      assertMisfit(
          tape,
          List.of(x, w1, b1, w2, b2, x),
          "mlp: residual must be (…, N)=(2, 3, 4) to match x (2, 3, 5) and w2 (4, 7), got (2, 3,"
              + " 5)");
      assertThat(scope.peakBytes()).isZero();
    }
  }

  private static void assertMisfit(Tape tape, List<Var> inputs, String message) {
    assertThatThrownBy(() -> mlp(tape, inputs, Activation.GELU))
        .isInstanceOf(ShapeException.class)
        .hasMessage(message);
  }

  /** A chain of four: all that is ever in use are their outputs and one hidden layer. */
  @Test
  void inferenceGivesWhatIsHiddenBack() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      chain(Tape.inference(scope));
      assertThat(scope.peakBytes()).isEqualTo(4L * ROWS * (4 * WIDTH + HIDDEN));
    }
  }

  /** The gradient of what is hidden takes its place: the way back adds gradients of x alone. */
  @Test
  void theWayBackNeedsNoMemoryForWhatIsHidden() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.recording(scope);
      Var y = chain(tape);
      Tensor dy = scope.allocate(y.value().shape());
      dy.fill(1);
      long forward = scope.peakBytes();
      tape.backward(y, dy);
      long weights = 2 * WIDTH * HIDDEN + WIDTH + HIDDEN;
      assertThat(scope.peakBytes()).isLessThanOrEqualTo(forward + 4L * (ROWS * WIDTH + weights));
    }
  }

  private static Var chain(Tape tape) {
    Var expand = Vars.normal(1, Shape.of(HIDDEN, WIDTH));
    Var expandBias = Vars.normal(2, Shape.of(HIDDEN));
    Var contract = Vars.normal(3, Shape.of(WIDTH, HIDDEN));
    Var contractBias = Vars.normal(4, Shape.of(WIDTH));
    Var y = Vars.normal(5, Shape.of(ROWS, WIDTH));
    for (int i = 0; i < 4; i++) {
      y =
          Functions.mlp(
              tape, y, expand, expandBias, Activation.QUICK_GELU, contract, contractBias, y);
    }
    return y;
  }
}
