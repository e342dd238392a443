package dev.diptych.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.PooledGpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.kernels.elementwise.Operation;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.op.Elementwise;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tensors in the memory of a GPU that the interpreter stands for. */
class TensorOnGpuTest {
  private static final Shape SHAPE = Shape.of(3, 4, 5);

  private final PtxGpu interpreter = new PtxGpu();
  private final PooledGpu gpu = new PooledGpu(interpreter);

  private TensorScope scope(Precision precision) {
    return new TensorScope(new Device.Cuda(gpu, precision));
  }

  /** Numbers that bf16 must round, ties in both directions among them, and special ones. */
  private static Tensor numbers(Shape shape) {
    float[] data = new float[shape.size()];
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) Math.sin(i + 1) * (1 << i % 9);
    }
    float[] special = {
      1.00390625f,
      1.01171875f,
      -0f,
      Float.NaN,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.MAX_VALUE,
      1e-40f
    };
    System.arraycopy(special, 0, data, 0, Math.min(special.length, data.length));
    return Tensor.of(data, shape);
  }

  private static float[] rounded(float[] values, Precision precision) {
    float[] result = values.clone();
    if (precision == Precision.BF16) {
      for (int i = 0; i < result.length; i++) {
        result[i] = DType.fromBf16(DType.toBf16(result[i]));
      }
    }
    return result;
  }

  private static final List<UnaryOperator<Tensor>> VIEWS =
      List.of(
          x -> x,
          x -> x.transpose(0, 2),
          x -> x.transpose(1, 2),
          x -> x.narrow(1, 1, 2),
          x -> x.narrow(2, 3, 2),
          x -> x.narrow(0, 1, 1), // without gaps, from the middle
          x -> x.narrow(0, 2, 1).narrow(1, 3, 1),
          x -> x.narrow(1, 2, 1).expand(Shape.of(3, 7, 5)),
          x -> x.narrow(2, 4, 1).expand(Shape.of(2, 3, 4, 3)),
          x -> x.narrow(2, 1, 3).transpose(-1, 0).narrow(0, 1, 2),
          x -> x.narrow(1, 4, 0),
          x -> x.narrow(0, 1, 1).narrow(1, 2, 1).narrow(2, 3, 1).reshape(Shape.scalar()));

  @ParameterizedTest
  @EnumSource
  void copiesOfAnyView(Precision precision) {
    Tensor host = numbers(SHAPE);
    try (TensorScope scope = scope(precision)) {
      Tensor there = scope.allocate(SHAPE);
      there.copyFrom(host);
      for (int i = 0; i < VIEWS.size(); i++) {
        Tensor view = VIEWS.get(i).apply(host);
        float[] expected = rounded(view.toArray(), precision);

        Tensor uploaded = scope.allocate(view.shape());
        uploaded.copyFrom(view);
        assertThat(uploaded.toArray()).as("view %d, from the host", i).containsExactly(expected);

        Tensor viewThere = VIEWS.get(i).apply(there);
        assertThat(viewThere.toArray()).as("view %d, to the host", i).containsExactly(expected);
        assertThat(viewThere.onHost().floats().toArray()).containsExactly(expected);

        Tensor copied = scope.copy(viewThere);
        assertThat(copied.precision()).isEqualTo(precision);
        assertThat(copied.isContiguous()).isTrue();
        assertThat(copied.toArray()).as("view %d, on the GPU", i).containsExactly(expected);

        Tensor widened = scope.allocateF32(view.shape());
        widened.copyFrom(viewThere);
        assertThat(widened.toArray()).as("view %d, to f32", i).containsExactly(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void copiesIntoAPartLeaveTheRest(Precision precision) {
    try (TensorScope scope = scope(precision)) {
      Tensor x = scope.zeros(Shape.of(5, 3));
      x.narrow(0, 1, 1).copyFrom(Floats.of(new float[] {1, 2, 3}));
      x.narrow(0, 3, 1).fill(-4);
      x.narrow(0, 4, 1).copyFrom(x.narrow(0, 1, 1));
      assertThat(x.toArray()).containsExactly(0, 0, 0, 1, 2, 3, 0, 0, 0, -4, -4, -4, 1, 2, 3);
      assertThatThrownBy(() -> x.transpose(0, 1).fill(1)).hasMessageContaining("a view with gaps");
      assertThatThrownBy(() -> x.transpose(0, 1).copyFrom(scope.zeros(Shape.of(3, 5))))
          .hasMessageContaining("a view with gaps");
      assertThatThrownBy(() -> x.copyFrom(scope.zeros(Shape.of(3, 5))))
          .hasMessageContaining("source must be")
          .hasMessageContaining("(5, 3)");
    }
  }

  @Test
  void whateverChangesWeightsChangesTheirCopy() {
    try (TensorScope scope = scope(Precision.BF16)) {
      Tensor weights = scope.allocateWeights(Shape.of(7, 5));
      assertThat(weights.precision()).isEqualTo(Precision.F32);
      weights.copyFrom(numbers(Shape.of(7, 5)));
      assertCopyFollows(weights);
      weights.narrow(0, 1, 1).fill(1.00390625f); // from an odd element on
      assertCopyFollows(weights);
      weights.narrow(0, 3, 3).copyFrom(numbers(Shape.of(3, 5)));
      assertCopyFollows(weights);
      weights.narrow(0, 6, 1).copyFrom(Floats.of(new float[] {0.1f, 0.2f, 0.3f, 0.4f, 0.5f}));
      assertCopyFollows(weights);
      Tensor other = scope.zerosF32(Shape.of(5, 2));
      other.fill(0.7f);
      weights.narrow(0, 0, 2).copyFrom(other.transpose(0, 1));
      assertCopyFollows(weights);
      Tensor activation = scope.allocate(Shape.of(1, 5));
      activation.fill(3.3f);
      weights.narrow(0, 2, 1).copyFrom(activation);
      assertCopyFollows(weights);
      weights.fill(0.3f);
      assertCopyFollows(weights);
      Elementwise.accumulate(weights, scope.copy(numbers(Shape.of(7, 5))), 0.1f);
      assertCopyFollows(weights);
      float[] clamped = weights.toArray();
      Elementwise.clamp(Tensor.of(clamped, weights.shape()).narrow(0, 1, 5), 0.25f, 0.35f);
      Elementwise.clamp(weights.narrow(0, 1, 5), 0.25f, 0.35f);
      assertCopyFollows(weights);
      assertThat(weights.toArray()).containsExactly(clamped);
      assertThat(weights.narrow(0, 1, 5).toArray()).contains(0.25f, 0.35f);
    }
  }

  private void assertCopyFollows(Tensor weights) {
    short[] copy = new short[weights.size()];
    gpu.copyOut(weights.memory(Precision.BF16), MemorySegment.ofArray(copy));
    float[] found = new float[copy.length];
    for (int i = 0; i < found.length; i++) {
      found[i] = DType.fromBf16(copy[i]);
    }
    assertThat(found).containsExactly(rounded(weights.toArray(), Precision.BF16));
  }

  @Test
  void memoryThatIsNotThereIsNamed() {
    try (TensorScope mixed = scope(Precision.BF16);
        TensorScope plain = scope(Precision.F32)) {
      Tensor activation = mixed.zeros(Shape.of(2, 3));
      assertThat(activation.memory().bytes()).isEqualTo(12);
      assertThatThrownBy(() -> activation.memory(Precision.F32))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the tensor of shape (2, 3) is stored in bf16, and this op needs it in f32");
      Tensor statistic = mixed.zerosF32(Shape.of(4));
      assertThatThrownBy(() -> statistic.memory(Precision.BF16))
          .hasMessage("the tensor of shape (4) is stored in f32, and this op needs it in bf16");
      assertThat(mixed.allocateWeights(Shape.of(4)).memory(Precision.BF16).bytes()).isEqualTo(8);
      assertThatThrownBy(() -> plain.allocateWeights(Shape.of(4)).memory(Precision.BF16))
          .hasMessage("the tensor of shape (4) is stored in f32, and this op needs it in bf16");
      assertThatThrownBy(() -> activation.transpose(0, 1).memory())
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("(3, 2)")
          .hasMessageContaining("TensorScope.copy");
      assertThatThrownBy(() -> numbers(Shape.of(2)).memory())
          .hasMessage(
              "the tensor of shape (2) is in host memory: copy it to the GPU with"
                  + " TensorScope.copy");
      assertThatThrownBy(activation::floats)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the tensor of shape (2, 3) is on the device PTX interpreter, bf16")
          .hasMessageContaining("keep all operands of an op on one device");
    }
  }

  @Test
  void operandsOnTwoDevicesAreRefused() {
    Tensor host = numbers(Shape.of(2, 3));
    try (TensorScope here = new TensorScope(Device.CPU);
        TensorScope there = scope(Precision.F32)) {
      Tensor moved = there.onDevice(host);
      assertThat(there.onDevice(moved)).isSameAs(moved);
      assertThatThrownBy(() -> Elementwise.forward(there, Operation.ADD, moved, host))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("(2, 3) is in host memory: copy it to the GPU");
      assertThatThrownBy(() -> Elementwise.forward(here, Operation.ADD, host, moved))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(
              "(2, 3) is on the device PTX interpreter, f32: copy it to the host");
    }
  }

  @Test
  void aScopeUsesReleasedMemoryAgain() {
    TensorScope scope = scope(Precision.BF16);
    try (scope) {
      Tensor first = scope.allocate(Shape.of(100));
      scope.allocate(Shape.of(50));
      DeviceMemory memory = first.memory();
      scope.release(first);
      assertThat(scope.allocate(Shape.of(10, 10)).memory()).isEqualTo(memory);
      long peak = scope.peakBytes();
      assertThat(peak).isEqualTo(2 * 150);
      try (TensorScope other = scope(Precision.BF16)) {
        Tensor ofOther = other.allocate(Shape.of(100));
        assertThatThrownBy(() -> scope.release(ofOther))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("not, or no longer, a block of this scope");
      }
      long allocations = gpu.allocations();
      for (int step = 0; step < 20; step++) {
        scope.rewind();
        scope.allocate(Shape.of(100));
        scope.allocateF32(Shape.of(25));
      }
      assertThat(gpu.allocations()).isEqualTo(allocations);
      assertThat(scope.peakBytes()).isEqualTo(2 * 100 + 4 * 25);
    }
    gpu.freeUnused();
    assertThat(gpu.allocatedBytes()).isZero();
    assertThat(interpreter.living()).isEmpty();
  }

  @Test
  void whatIsClosedRefuses() {
    TensorScope scope = scope(Precision.F32);
    Tensor x = scope.copy(numbers(Shape.of(3)));
    scope.close();
    assertThatThrownBy(() -> scope.allocate(Shape.of(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> scope.allocateWeights(Shape.of(1))).hasMessageContaining("closed");
    assertThatThrownBy(() -> IntTensor.zeros(scope, Shape.of(1))).hasMessageContaining("closed");
    assertThatThrownBy(() -> scope.copy(numbers(Shape.of(3)))).hasMessageContaining("closed");
    gpu.freeUnused(); // and then its memory is gone
    assertThatThrownBy(x::toArray).hasMessageContaining("freed");
  }

  @Test
  void integers() {
    try (TensorScope scope = scope(Precision.BF16);
        TensorScope host = new TensorScope(Device.CPU)) {
      IntTensor ids = new IntTensor(Shape.of(2, 2), new int[] {3, -1, 7, Integer.MIN_VALUE});
      IntTensor there = ids.upload(scope);
      assertThat(ints(there.on(scope), 4)).containsExactly(ids.data());
      assertThat(there.on(scope)).as("copied once").isEqualTo(there.on(scope));
      assertThat(ids.on(scope)).as("copied anew").isNotEqualTo(there.on(scope));
      assertThat(ids.upload(host)).isSameAs(ids);

      there.set(new int[] {1, 2, 3, 4});
      assertThat(ints(there.on(scope), 4)).containsExactly(1, 2, 3, 4);
      assertThat(there.data()).containsExactly(1, 2, 3, 4);
      assertThatThrownBy(() -> there.set(new int[3]))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("4 elements, got 3");
      there.requireBelow("op", "ids", 5);
      assertThatThrownBy(() -> there.requireBelow("op", "ids", 4))
          .hasMessage("op: ids must lie in 0..3, element 3 of (2, 2) is 4");

      IntTensor zeros = IntTensor.zeros(scope, Shape.of(3));
      assertThat(ints(zeros.on(scope), 3)).containsExactly(0, 0, 0);
      assertThat(zeros.data()).containsExactly(0, 0, 0);
      IntTensor written = IntTensor.allocate(scope, Shape.of(3)); // by an op, on the GPU alone
      written.set(new int[] {5, 6, 7});
      assertThat(written.data()).containsExactly(5, 6, 7);
      assertThat(new IntTensor(Shape.of(0), new int[0]).upload(scope).on(scope).bytes()).isZero();
      assertThatThrownBy(() -> ids.on(host))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("asked of a scope of the CPU");
    }
  }

  private int[] ints(DeviceMemory memory, int count) {
    int[] found = new int[count];
    gpu.copyOut(memory, MemorySegment.ofArray(found));
    return found;
  }
}
