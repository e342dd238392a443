package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.BatchNorm.Statistics;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvolutionsGradientTest {
  private static final float EPSILON = 1e-5f;

  @ParameterizedTest
  @CsvSource({"1,1,0", "1,2,0", "3,1,1", "3,2,1", "2,1,0"})
  void gradientsOfAConvolution(int kernel, int stride, int padding) {
    Var x = Vars.normal(1, Shape.of(2, 4, 5, 3));
    Var w = Vars.normal(2, Shape.of(4, 3, kernel, kernel));
    GradientCheck.check(
        List.of(x, w), t -> Vars.weightedSum(t, Convolutions.conv2d(t, x, w, stride, padding)));
    Var constant = Var.constant(x.value());
    GradientCheck.check(
        List.of(w), t -> Vars.weightedSum(t, Convolutions.conv2d(t, constant, w, stride, padding)));
  }

  @Test
  void gradientsOfBatchNormalisationByTheBatchAndByTheRunningStatistics() {
    Var x = Vars.normal(1, Shape.of(2, 3, 2, 5));
    Var w = Vars.normal(2, Shape.of(5));
    Var b = Vars.normal(3, Shape.of(5));
    Statistics running = running(5, 0.5f, 2);
    GradientCheck.checkTraining(
        List.of(x, w, b), t -> Vars.weightedSum(t, norm(t, x, w, b, running)));
    GradientCheck.check(
        List.of(x, w, b), t -> Vars.weightedSum(t, norm(t, x, w, b, running(5, 0.5f, 2))));
  }

  @Test
  void runningStatisticsMoveInTrainingAlone() {
    Var x = Var.constant(Tensor.of(Floats.of(1, 2, 3, 6), Shape.of(4, 1))); // mean 3, variance 14/3
    Var one = Vars.normal(1, Shape.of(1));
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Statistics running = running(1, 0, 1);
      Var used = norm(Tape.inference(scope), x, one, one, running);
      norm(Tape.recording(scope), x, one, one, running);
      assertThat(running.mean().item()).isZero();
      assertThat(running.variance().item()).isOne();
      Var learning = norm(Tape.training(scope), x, one, one, running);
      assertThat(running.mean().item()).isCloseTo(0.3f, within(1e-6f));
      assertThat(running.variance().item()).isCloseTo(0.9f + 0.1f * 14 / 3, within(1e-6f));
      assertThat(learning.value().toArray()).isNotEqualTo(used.value().toArray());
    }
  }

  private static Statistics running(int channels, float mean, float variance) {
    Floats means = Floats.zeros(channels);
    means.fill(mean);
    Floats variances = Floats.zeros(channels);
    variances.fill(variance);
    Shape shape = Shape.of(channels);
    return new Statistics(Tensor.of(means, shape), Tensor.of(variances, shape));
  }

  private static Var norm(Tape tape, Var x, Var w, Var b, Statistics running) {
    return Convolutions.batchNorm(tape, x, w, b, running, 0.1, EPSILON);
  }

  @Test
  void gradientsOfTheOthers() {
    Var x = Vars.normal(1, Shape.of(2, 5, 4, 3));
    GradientCheck.check(List.of(x), t -> Vars.weightedSum(t, Convolutions.averagePool(t, x, 2)));
    GradientCheck.check(List.of(x), t -> Vars.weightedSum(t, Convolutions.channelsLast(t, x)));
    Var tokens = Vars.normal(1, Shape.of(2, 3, 4));
    Var positions = Vars.normal(2, Shape.of(4, 4));
    GradientCheck.check(
        List.of(tokens, positions),
        t -> Vars.weightedSum(t, Convolutions.meanToken(t, tokens, positions)));
    // Away from the kink, where differences with a step of 1e-2 tell nothing.
    Var kinked = Vars.normal(3, Shape.of(4, 6));
    float[] values = kinked.value().floats().array();
    for (int i = 0; i < values.length; i++) {
      values[i] += Math.copySign(0.05f, values[i]);
    }
    GradientCheck.check(List.of(kinked), t -> Vars.weightedSum(t, Convolutions.relu(t, kinked)));
  }

  @Test
  void misfitsAreNamed() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.training(scope);
      Var x = Vars.normal(1, Shape.of(2, 4, 5, 3));
      Var w = Vars.normal(2, Shape.of(4, 2, 3, 3));
      Var large = Vars.normal(2, Shape.of(4, 3, 7, 7));
      Var four = Vars.normal(3, Shape.of(4));
      assertThatThrownBy(() -> Convolutions.conv2d(tape, x, w, 1, 1))
          .isInstanceOf(ShapeException.class)
          .hasMessage(
              "conv2d: w must be (O, C, KH, KW) with C=3 to match x (2, 4, 5, 3), got"
                  + " (4, 2, 3, 3)");
      assertThatThrownBy(() -> Convolutions.conv2d(tape, x, large, 1, 1))
          .isInstanceOf(ShapeException.class)
          .hasMessage(
              "conv2d: a kernel of 7×7 does not fit into 6×7 pixels (x (2, 4, 5, 3), padding 1)");
      assertThatThrownBy(() -> norm(tape, x, four, four, running(3, 0, 1)))
          .isInstanceOf(ShapeException.class)
          .hasMessage("batch_norm: w must be (C)=(3) to match x (2, 4, 5, 3), got (4)");
      Var alone = Vars.normal(1, Shape.of(1, 1, 1, 4));
      assertThatThrownBy(() -> norm(tape, alone, four, four, running(4, 0, 1)))
          .isInstanceOf(ShapeException.class)
          .hasMessage(
              "batch_norm: training needs more than one value per channel, got x (1, 1, 1, 4)");
    }
  }
}
