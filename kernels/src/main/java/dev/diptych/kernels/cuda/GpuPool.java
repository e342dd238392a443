package dev.diptych.kernels.cuda;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;

/**
 * Blocks of a GPU's memory that nobody uses at the moment, so that a step which needs what the step
 * before it needed asks the driver for nothing. All work of a GPU is in one order, so a block may
 * be given on while a kernel that used it has still to run.
 */
public final class GpuPool {
  /** Sizes are rounded up to this, the alignment that CUDA itself gives. */
  static final long GRANULE = 512;

  /** A free block is taken for a smaller wish if it is no more than this many times as large. */
  private static final double MOST_WASTE = 1.25;

  private final Gpu gpu;
  private final TreeMap<Long, ArrayDeque<DeviceMemory>> free = new TreeMap<>();
  private long held;

  /** An empty pool; {@link Gpu#allocate} fills it. */
  public GpuPool(Gpu gpu) {
    this.gpu = gpu;
  }

  /** A new scope that takes its memory from here. */
  public GpuScope scope() {
    return new GpuScope(gpu, this);
  }

  /** A block of at least {@code bytes} bytes. */
  DeviceMemory take(long bytes) {
    long size = Math.max(1, Math.ceilDiv(bytes, GRANULE)) * GRANULE;
    Map.Entry<Long, ArrayDeque<DeviceMemory>> fitting = free.ceilingEntry(size);
    if (fitting == null || fitting.getKey() > size * MOST_WASTE) {
      return fresh(size);
    }
    DeviceMemory block = fitting.getValue().pop();
    if (fitting.getValue().isEmpty()) {
      free.remove(fitting.getKey());
    }
    return block;
  }

  private DeviceMemory fresh(long size) {
    DeviceMemory block;
    try {
      block = gpu.allocate(size);
    } catch (GpuOutOfMemoryException e) {
      if (free.isEmpty()) {
        throw e;
      }
      trim(); // what is free may be of the wrong sizes
      block = gpu.allocate(size);
    }
    held += size;
    return block;
  }

  /** Takes back a block from {@link #take}. */
  void give(DeviceMemory block) {
    free.computeIfAbsent(block.bytes(), size -> new ArrayDeque<>()).push(block);
  }

  /** Gives everything that is free back to the driver. */
  public void trim() {
    for (ArrayDeque<DeviceMemory> blocks : free.values()) {
      for (DeviceMemory block : blocks) {
        gpu.free(block);
        held -= block.bytes();
      }
    }
    free.clear();
  }

  /** Bytes that were taken from the driver and not given back. */
  public long held() {
    return held;
  }
}
