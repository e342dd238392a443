package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.PooledGpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.kernels.elementwise.Operation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Elementwise;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@code -Ddiptych.poison=true}, which the tests of this module run with, does on a GPU. */
class PoisonOnGpuTest {
  @ParameterizedTest
  @EnumSource
  void memoryIsNaNBeforeItIsSetHoweverOftenItWasUsed(Precision precision) {
    assertThat(Boolean.getBoolean("diptych.poison")).isTrue();
    PooledGpu gpu = new PooledGpu(new PtxGpu());
    try (TensorScope scope = new TensorScope(new Device.Cuda(gpu, precision))) {
      for (int round = 0; round < 3; round++) {
        Tensor activation = scope.allocate(Shape.of(2, 3));
        Tensor weights = scope.allocateWeights(Shape.of(5));
        assertPoisoned(gpu, activation.memory());
        assertPoisoned(gpu, weights.memory());
        assertPoisoned(gpu, weights.memory(precision)); // in bf16 the copy
        assertThat(IntTensor.allocate(scope, Shape.of(2)).data()).containsOnly(-1);
        activation.fill(1);
        weights.fill(2);
        scope.release(activation);
        Tensor again = scope.allocate(Shape.of(3, 2));
        assertThat(again.memory()).isEqualTo(activation.memory());
        assertPoisoned(gpu, again.memory());
        // And the interpreter reports whoever computes with it.
        assertThatThrownBy(() -> Elementwise.forward(scope, Operation.ADD, again, again))
            .hasMessageContaining("nothing was written to");
        scope.rewind();
      }
    }
  }

  private static void assertPoisoned(PooledGpu gpu, DeviceMemory memory) {
    byte[] bytes = new byte[(int) memory.bytes()];
    gpu.copyOut(memory, MemorySegment.ofArray(bytes));
    assertThat(bytes).containsOnly(-1); // of which two, and four, are a NaN
  }
}
