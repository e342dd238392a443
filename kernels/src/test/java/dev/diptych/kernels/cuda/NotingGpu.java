package dev.diptych.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A GPU of one kind that computes nothing, has no bytes behind its memory and notes what it is told
 * to run.
 */
public final class NotingGpu implements Gpu {
  private final GpuProperties properties;
  private final CaptureGuard capturing = new CaptureGuard();
  private final List<String> launched = new ArrayList<>();
  private final List<String> captured = new ArrayList<>();
  private long next = 1 << 20;
  private long allocated;

  /** One with these properties. */
  public NotingGpu(GpuProperties properties) {
    this.properties = properties;
  }

  /** The entries of the kernels that were launched since the last call. */
  public List<String> takeLaunched() {
    List<String> taken = List.copyOf(launched);
    launched.clear();
    return taken;
  }

  @Override
  public GpuProperties properties() {
    return properties;
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    DeviceMemory memory = new DeviceMemory(next, bytes);
    next += (bytes + 511) / 256 * 256; // aligned as the driver's
    allocated += bytes;
    return memory;
  }

  @Override
  public long allocatedBytes() {
    return allocated;
  }

  @Override
  public void free(DeviceMemory memory) {
    capturing.refuseFree();
    allocated -= memory.bytes();
  }

  @Override
  public GpuScope scope() {
    return new GpuPool(this).scope();
  }

  @Override
  public void copyIn(MemorySegment from, DeviceMemory to) {
    capturing.refuseCopyIn();
  }

  @Override
  public void copyOut(DeviceMemory from, MemorySegment to) {
    throw new UnsupportedOperationException("there is nothing in this memory");
  }

  @Override
  public void copy(DeviceMemory from, DeviceMemory to) {}

  @Override
  public void fill(DeviceMemory memory, byte value) {}

  @Override
  public void launch(Kernel kernel, Launch launch, Arguments arguments) {
    (capturing.isOn() ? captured : launched).add(kernel.entry());
  }

  @Override
  public GpuGraph capture(Runnable work) {
    capturing.begin();
    captured.clear();
    try {
      work.run();
    } finally {
      capturing.end();
    }
    List<String> entries = List.copyOf(captured);
    return new GpuGraph() {
      @Override
      public void replay() {
        capturing.refuseReplay();
        launched.addAll(entries);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void synchronize() {
    capturing.refuseSynchronize();
  }

  @Override
  public GpuEvent record() {
    throw new UnsupportedOperationException("nothing takes time here");
  }

  @Override
  public void close() {}
}
