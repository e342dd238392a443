package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCuda;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.kernels.reduce.ReduceCuda;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class GpuGraphTest {
  private static final int N = 7;

  private final PtxGpu gpu = new PtxGpu();
  private final DeviceMemory x = gpu.allocate(4 * N);
  private final DeviceMemory y = gpu.allocate(4 * N);
  private final DeviceMemory sum = gpu.allocate(4);

  /** A fill, launches of two ops, one with memory of its own, and a copy. */
  private void work() {
    gpu.fill(y, (byte) 0);
    try (GpuScope scope = gpu.scope()) {
      DeviceMemory z = scope.floats(N);
      GeluCuda.forward(gpu, new GeluDims(N, Activation.QUICK_GELU), Precision.F32, x, z);
      ReduceCuda.sum(gpu, Precision.F32, 1, z, sum);
      gpu.copy(z.floats(0, N - 1), y.floats(0, N - 1));
    }
  }

  private void set(float value) {
    float[] values = new float[N];
    java.util.Arrays.fill(values, value);
    gpu.copyIn(MemorySegment.ofArray(values), x);
  }

  private float[] read(DeviceMemory memory) {
    float[] values = new float[(int) memory.floatCount()];
    gpu.copyOut(memory, MemorySegment.ofArray(values));
    return values;
  }

  private static float quickGelu(float x) {
    return (float) (x / (1 + Math.exp(-1.702 * x)));
  }

  private void assertResultsFor(float value) {
    float each = quickGelu(value);
    float[] results = read(y);
    for (int i = 0; i < N - 1; i++) {
      assertThat(results[i]).isCloseTo(each, org.assertj.core.data.Offset.offset(1e-6f));
    }
    assertThat(results[N - 1]).isZero();
    assertThat(read(sum)[0]).isCloseTo(N * each, org.assertj.core.data.Offset.offset(1e-5f));
  }

  @Test
  void runsOnlyWhenReplayedAndSeesChangedInputs() {
    gpu.fill(sum, (byte) 0);
    gpu.fill(y, (byte) 1);
    float untouched = read(y)[0];
    set(2);
    GpuGraph graph = gpu.capture(this::work);
    assertThat(read(sum)).containsExactly(0);
    assertThat(read(y)).containsOnly(untouched);
    graph.replay();
    assertResultsFor(2);
    set(-0.5f);
    assertResultsFor(2);
    graph.replay();
    assertResultsFor(-0.5f);
    graph.close();
  }

  @Test
  void argumentsAreThoseOfTheCapture() {
    Kernel kernel = Kernel.of(GeluCuda.class, "gelu", "quick_gelu_forward_f32");
    set(1);
    Arguments arguments = new Arguments().pointer(x).pointer(y).int64(N - 1);
    gpu.fill(y, (byte) 0);
    GpuGraph graph =
        gpu.capture(() -> {
          gpu.launch(kernel, Grids.elements(N), arguments);
          arguments.int64(12);
        });
    graph.replay();
    assertThat(read(y)[N - 2]).isNotZero();
    assertThat(read(y)[N - 1]).isZero();
  }

  @Test
  void memoryOfItsScopesIsKeptUntilTheGraphIsClosed() {
    int before = gpu.living().size();
    set(1);
    GpuGraph graph = gpu.capture(this::work);
    gpu.freeUnused();
    graph.replay();
    assertResultsFor(1);
    assertThat(gpu.living().size()).isGreaterThan(before);
    graph.close();
    graph.close();
    assertThat(gpu.living()).hasSize(before);
    assertThatThrownBy(graph::replay).hasMessageContaining("has been closed");
  }

  private void assertRefused(String call, Runnable work) {
    int before = gpu.living().size();
    assertThatThrownBy(() -> gpu.capture(work))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith(call + " is not possible while work is being captured");
    assertThat(gpu.living()).hasSize(before);
  }

  @Test
  void whatNeedsTheHostIsRefused() {
    MemorySegment host = MemorySegment.ofArray(new float[N]);
    GpuGraph other = gpu.capture(() -> {});
    assertRefused("copyIn", () -> gpu.copyIn(host, x));
    assertRefused("copyOut", () -> gpu.copyOut(x, host));
    assertRefused("free", () -> gpu.free(x));
    assertRefused("synchronize", gpu::synchronize);
    assertRefused("record", gpu::record);
    assertRefused("capture", () -> gpu.capture(() -> {}));
    assertRefused("replay", other::replay);
    assertRefused("free", other::close);
  }

  @Test
  void anExceptionLeavesNothingOfTheCapture() {
    int before = gpu.living().size();
    set(3);
    assertThatThrownBy(() ->
            gpu.capture(() -> {
              work();
              throw new ArithmeticException("in the work");
            }))
        .isInstanceOf(ArithmeticException.class)
        .hasMessage("in the work");
    assertThat(gpu.living()).hasSize(before);
    work();
    assertResultsFor(3);
    gpu.capture(this::work).replay();
    assertResultsFor(3);
  }
}
