package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuEvent;
import dev.diptych.kernels.cuda.GpuGraph;
import dev.diptych.kernels.cuda.GpuPool;
import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import java.lang.foreign.MemorySegment;

/**
 * Counts the memory that a launcher asks for, and runs nothing: sizes far beyond an interpreter's
 * can be asked about. What only waits or touches contents, a launcher must not call, so that its
 * work can be captured as a graph; here it fails.
 */
final class CountingGpu implements Gpu {
  private final GpuPool pool = new GpuPool(this);
  private long next = 1L << 40;

  /** The most bytes that were held at once: nothing is ever freed. */
  @Override
  public long allocatedBytes() {
    return pool.held();
  }

  @Override
  public GpuProperties properties() {
    return new GpuProperties("none", 9, 0, 132, 227 << 10, 1 << 30, 1L << 40);
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    DeviceMemory memory = new DeviceMemory(next, bytes);
    next += bytes;
    return memory;
  }

  @Override
  public void free(DeviceMemory memory) {
    throw new AssertionError("memory is recycled, never freed, while launches go on");
  }

  @Override
  public GpuScope scope() {
    return pool.scope();
  }

  @Override
  public GpuGraph capture(Runnable work) {
    throw new AssertionError("a launcher is captured, it does not capture");
  }

  @Override
  public void launch(Kernel kernel, Launch launch, Arguments arguments) {}

  @Override
  public void copyIn(MemorySegment from, DeviceMemory to) {
    throw new AssertionError("a copy from the host cannot be captured");
  }

  @Override
  public void copyOut(DeviceMemory from, MemorySegment to) {
    throw new AssertionError("a copy to the host cannot be captured");
  }

  @Override
  public void copy(DeviceMemory from, DeviceMemory to) {}

  @Override
  public void fill(DeviceMemory memory, byte value) {}

  @Override
  public void synchronize() {
    throw new AssertionError("a launcher must not wait");
  }

  @Override
  public GpuEvent record() {
    throw new AssertionError("a launcher takes no time");
  }

  @Override
  public void close() {}
}
