package dev.diptych.kernels.cuda;

import java.util.ArrayDeque;
import java.util.TreeMap;

/**
 * Blocks of a GPU's memory that nobody uses at the moment, so that a step which needs what the step
 * before it needed asks the driver for nothing. All work of a GPU is in one order, so a block may
 * be given on while a kernel that used it has still to run.
 *
 * <p>Wishes are rounded up to one of eight sizes between two powers of two, and a block serves
 * wishes of its own size alone. So the same wishes in the same order find the same sizes free, time
 * after time: a step that ran once can be captured as a graph, in which nothing may be allocated.
 */
public final class GpuPool {
  /** Sizes are rounded up to this, the alignment that CUDA itself gives. */
  static final long GRANULE = 512;

  /** Sizes between two powers of two: at most an eighth of a block is wasted. */
  private static final int SIZES_PER_DOUBLING = 8;

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
    long size = sizeFor(bytes);
    ArrayDeque<DeviceMemory> ofThisSize = free.get(size);
    return ofThisSize == null || ofThisSize.isEmpty() ? fresh(size) : ofThisSize.pop();
  }

  private static long sizeFor(long bytes) {
    long step = Math.max(GRANULE, Long.highestOneBit(Math.max(1, bytes - 1)) / SIZES_PER_DOUBLING);
    return Math.max(1, Math.ceilDiv(bytes, step)) * step;
  }

  private DeviceMemory fresh(long size) {
    DeviceMemory block;
    try {
      block = gpu.allocate(size);
    } catch (GpuOutOfMemoryException e) {
      if (free.values().stream().allMatch(ArrayDeque::isEmpty)) {
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
