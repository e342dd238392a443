package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class GpuScopeTest {
  private final PtxGpu gpu = new PtxGpu();
  private final GpuPool pool = new GpuPool(gpu);

  private void step(long... sizes) {
    try (GpuScope scope = pool.scope()) {
      for (long size : sizes) {
        assertThat(scope.allocate(size).bytes()).isEqualTo(size);
      }
    }
  }

  @Test
  void theSecondStepAllocatesNothing() {
    step(1000, 70_000, 1000, 4, 0);
    long held = pool.held();
    int blocks = gpu.living().size();
    step(1000, 70_000, 1000, 4, 0);
    step(4, 70_000, 1000);
    assertThat(pool.held()).isEqualTo(held);
    assertThat(gpu.living()).hasSize(blocks);
    pool.trim();
    assertThat(pool.held()).isZero();
    assertThat(gpu.living()).isEmpty();
  }

  @Test
  void aLargeBlockIsNotSpentOnASmallWish() {
    step(1 << 20);
    long held = pool.held();
    step(512);
    assertThat(pool.held()).isEqualTo(held + 512);
  }

  @Test
  void wishesInTheSameOrderFindTheSameSizesFree() {
    for (int step = 0; step < 3; step++) {
      long held = pool.held();
      try (GpuScope scope = pool.scope()) {
        scope.allocate(9_000);
        DeviceMemory large = scope.allocate(10_000);
        scope.release(large);
        scope.allocate(9_100);
        scope.allocate(10_100);
        scope.rewind();
        scope.allocate(9_000);
      }
      assertThat(step == 0 ? held : pool.held()).isEqualTo(held);
    }
  }

  @Test
  void aBlockIsReleasedOnce() {
    try (GpuScope scope = pool.scope()) {
      DeviceMemory block = scope.allocate(100);
      scope.release(block);
      assertThat(scope.allocate(90).address()).isEqualTo(block.address());
      DeviceMemory other = new DeviceMemory(12, 4);
      assertThatThrownBy(() -> scope.release(other)).hasMessageContaining("no longer, a block");
    }
  }

  @Test
  void twoOpenScopesShareNothing() {
    try (GpuScope outer = pool.scope();
        GpuScope inner = pool.scope()) {
      DeviceMemory a = outer.floats(100);
      DeviceMemory b = inner.floats(100);
      assertThat(a.address()).isNotEqualTo(b.address());
    }
  }

  @Test
  void aClosedScopeGivesNothing() {
    GpuScope scope = pool.scope();
    scope.allocate(8);
    scope.close();
    scope.close();
    assertThatThrownBy(() -> scope.allocate(8)).hasMessageContaining("closed");
  }

  @Test
  void aSliceStaysInside() {
    DeviceMemory memory = new DeviceMemory(1000, 40);
    assertThat(memory.floats(2, 3)).isEqualTo(new DeviceMemory(1008, 12));
    assertThatThrownBy(() -> memory.slice(30, 11)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void outOfMemorySaysWhatToLower() {
    assertThat(new GpuOutOfMemoryException(3L << 30, 70L << 30, 100 << 20, 80L << 30))
        .hasMessageContaining("3.0 GiB were asked for")
        .hasMessageContaining("holds 70.0 GiB, and 100.0 MiB of the GPU's 80.0 GiB are free")
        .hasMessageContaining("Lower the batch size");
  }
}
