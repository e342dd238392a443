package dev.diptych.tensor.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdamWTest {
  static Stream<Device> devices() {
    return Stream.of(
        Device.CPU,
        new Device.Cuda(new PtxGpu(), Precision.F32),
        new Device.Cuda(new PtxGpu(), Precision.BF16));
  }

  private static AdamWStep step(long t, double beta2) {
    return new AdamWStep(t, 0.1, 0.9, beta2, 1e-8, 0, 1);
  }

  private static Tensor vector(TensorScope scope, float... values) {
    Tensor vector = scope.allocateWeights(Shape.of(values.length));
    vector.copyFrom(Tensor.of(values, vector.shape()));
    return vector;
  }

  @ParameterizedTest
  @MethodSource("devices")
  void tenStepsTowardsTheMinimumOfAParabola(Device device) {
    try (TensorScope scope = new TensorScope(device)) {
      Tensor x = vector(scope, 1, -2);
      Tensor means = vector(scope, 0, 0);
      Tensor squares = vector(scope, 0, 0);
      for (int t = 1; t <= 10; t++) {
        float[] at = x.toArray();
        Tensor gradient = vector(scope, 2 * at[0], 2 * at[1]);
        Tensor numbers = scope.onDevice(AdamW.numbers(step(t, 0.999)));
        AdamW.update(numbers, x, gradient, means, squares, 0, 2);
      }
      // Adam moves by about the learning rate at each step, whatever the gradient's size.
      assertThat(x.toArray()).containsExactly(new float[] {0.06f, -1.02f}, within(0.05f));
      if (scope.precision() == Precision.BF16) { // products are made with what was learned
        Tensor one = scope.allocate(Shape.of(1, 1));
        one.fill(1);
        Tensor product =
            Matmul.forward(scope, one, false, x.reshape(Shape.of(1, 2)), false); // (1, 2)
        assertThat(product.toArray()).containsExactly(x.toArray(), within(0.01f));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void longGradientsAreScaledDown(Device device) {
    try (TensorScope scope = new TensorScope(device)) {
      Tensor gradients = vector(scope, 3, 0, -4);
      Tensor loss = vector(scope, 1).reshape(Shape.scalar());
      Tensor numbers = scope.zerosF32(Shape.of(2, AdamWStep.NUMBERS));
      assertThat(AdamW.clip(scope, gradients, loss, 0, numbers).item()).isEqualTo(5);
      assertThat(scales(numbers)).containsExactly(1, 1);
      AdamW.clip(scope, gradients, loss, 2, numbers);
      assertThat(scales(numbers)).containsExactly(0.4f, 0.4f);
      AdamW.clip(scope, gradients, loss, 6, numbers);
      assertThat(scales(numbers)).containsExactly(1, 1);
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void nothingIsUpdatedAfterAStepThatIsNotFinite(Device device) {
    try (TensorScope scope = new TensorScope(device)) {
      Tensor numbers = scope.zerosF32(Shape.of(1, AdamWStep.NUMBERS));
      Tensor flat = numbers.reshape(Shape.of(AdamWStep.NUMBERS));
      flat.copyFrom(AdamW.numbers(step(1, 0.98)));
      Tensor gradients = vector(scope, 1, 2);
      Tensor loss = vector(scope, Float.NaN).reshape(Shape.scalar());
      AdamW.clip(scope, gradients, loss, 1, numbers);
      Tensor x = vector(scope, 5, 6);
      Tensor means = vector(scope, 0, 0);
      Tensor squares = vector(scope, 0, 0);
      AdamW.update(flat, x, gradients, means, squares, 0, 2);
      assertThat(x.toArray()).containsExactly(5, 6);
      assertThat(means.toArray()).containsExactly(0, 0);
      Tensor infinite = vector(scope, Float.POSITIVE_INFINITY, 0);
      Tensor fine = vector(scope, 1).reshape(Shape.scalar());
      assertThat(AdamW.clip(scope, infinite, fine, 1, numbers).item()).isInfinite();
      assertThat(scales(numbers)).containsExactly(Float.NaN);
    }
  }

  private static float[] scales(Tensor numbers) {
    return numbers.narrow(1, AdamWStep.SCALE, 1).toArray();
  }

  @Test
  void whatDoesNotFitIsNamed() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tensor three = vector(scope, 0, 0, 0);
      Tensor two = vector(scope, 0, 0);
      Tensor numbers = AdamW.numbers(step(1, 0.98));
      assertThatThrownBy(() -> AdamW.update(numbers, three, two, three, three, 0, 3))
          .isInstanceOf(ShapeException.class)
          .hasMessage("adamw: gradients must be as long as values, 3, got 2");
      assertThatThrownBy(() -> AdamW.update(numbers, three, three, three, three, 2, 4))
          .isInstanceOf(ShapeException.class)
          .hasMessage("adamw: the range 2..4 does not lie in the 3 parameters");
      assertThatThrownBy(() -> AdamW.numbers(step(0, 0.98)))
          .hasMessage("adamw: steps count from 1, got step 0");
      assertThatThrownBy(() -> AdamW.numbers(step(1, 1)))
          .hasMessage("adamw: beta2 must lie in [0, 1), got 1.0");
    }
  }
}
