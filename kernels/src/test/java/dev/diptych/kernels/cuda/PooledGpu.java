package dev.diptych.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;

/**
 * Another GPU with the driver's ways around it: all scopes share one pool, work that is captured
 * has a pool of its own, and a kernel must have run before it can be captured. {@link PtxGpu} alone
 * gives every scope memory of its own, which shows reads of what nobody wrote, but not what happens
 * when memory is given on or given back. Counts what is asked of the device, and fails when told.
 */
public final class PooledGpu implements Gpu {
  private final Gpu device;
  private final GpuPool pool = new GpuPool(this);
  private final Set<Kernel> launched = new HashSet<>();
  private GpuPool current = pool;
  private long allocations;
  private long bytes;
  private long calls;
  private long failingCall = Long.MAX_VALUE;
  private GpuException failure = new GpuException("no failure is planned");

  /** A pool over {@code device}. */
  public PooledGpu(Gpu device) {
    this.device = device;
  }

  /** How often memory was asked of the device, over all time. */
  public long allocations() {
    return allocations;
  }

  @Override
  public long allocatedBytes() {
    return bytes;
  }

  /** Launches and replays, over all time. */
  public long calls() {
    return calls;
  }

  /** Lets the {@code number}th launch or replay from now on fail with {@code e}, counted from 1. */
  public void failAt(long number, GpuException e) {
    failingCall = calls + number;
    failure = e;
  }

  private void call() {
    if (++calls == failingCall) {
      throw failure;
    }
  }

  /** Gives back what no scope uses. */
  public void freeUnused() {
    pool.trim();
  }

  @Override
  public GpuProperties properties() {
    return device.properties();
  }

  @Override
  public DeviceMemory allocate(long size) {
    allocations++;
    bytes += size;
    return device.allocate(size);
  }

  @Override
  public void free(DeviceMemory memory) {
    device.free(memory);
    bytes -= memory.bytes();
  }

  @Override
  public GpuScope scope() {
    return current.scope();
  }

  @Override
  public void copyIn(MemorySegment from, DeviceMemory to) {
    device.copyIn(from, to);
  }

  @Override
  public void copyOut(DeviceMemory from, MemorySegment to) {
    device.copyOut(from, to);
  }

  @Override
  public void copy(DeviceMemory from, DeviceMemory to) {
    device.copy(from, to);
  }

  @Override
  public void fill(DeviceMemory memory, byte value) {
    device.fill(memory, value);
  }

  @Override
  public void launch(Kernel kernel, Launch launch, Arguments arguments) {
    if (launch.isEmpty()) {
      return;
    }
    call();
    if (launched.add(kernel) && current != pool) {
      throw new IllegalStateException(kernel + " is captured and has never run");
    }
    device.launch(kernel, launch, arguments);
  }

  @Override
  public GpuGraph capture(Runnable work) {
    pool.trim();
    GpuPool ofGraph = new GpuPool(this);
    boolean isDone = false;
    current = ofGraph;
    try {
      GpuGraph graph = device.capture(work);
      isDone = true;
      return new Graph(graph, ofGraph);
    } finally {
      current = pool;
      if (!isDone) {
        ofGraph.trim();
      }
    }
  }

  private final class Graph implements GpuGraph {
    private final GpuGraph graph;
    private final GpuPool memory;

    Graph(GpuGraph graph, GpuPool memory) {
      this.graph = graph;
      this.memory = memory;
    }

    @Override
    public void replay() {
      call();
      graph.replay();
    }

    @Override
    public void close() {
      graph.close();
      memory.trim();
    }
  }

  @Override
  public void synchronize() {
    device.synchronize();
  }

  @Override
  public GpuEvent record() {
    return device.record();
  }

  @Override
  public void close() {
    pool.trim();
    device.close();
  }
}
