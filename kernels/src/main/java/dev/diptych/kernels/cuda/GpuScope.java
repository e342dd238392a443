package dev.diptych.kernels.cuda;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Owns device memory: what is allocated in a scope lives until it is closed. Then it serves the
 * next scope, so that a loop that opens the same scope again and again allocates only the first
 * time.
 */
public final class GpuScope implements AutoCloseable {
  private final Gpu gpu;
  private final GpuPool pool;
  private final Map<Long, DeviceMemory> blocks = new LinkedHashMap<>(); // by address
  private boolean closed;

  GpuScope(Gpu gpu, GpuPool pool) {
    this.gpu = gpu;
    this.pool = pool;
  }

  /** The GPU whose memory this is. */
  public Gpu gpu() {
    return gpu;
  }

  /**
   * Memory until the scope is closed, contents undefined.
   *
   * @param bytes at least 0
   * @throws GpuOutOfMemoryException if there is not as much
   */
  public DeviceMemory allocate(long bytes) {
    if (closed) {
      throw new IllegalStateException("this scope of device memory has been closed");
    }
    DeviceMemory block = pool.take(bytes);
    blocks.put(block.address(), block);
    return block.slice(0, bytes);
  }

  /** Room for {@code count} floats until the scope is closed. */
  public DeviceMemory floats(long count) {
    return allocate(Float.BYTES * count);
  }

  /**
   * Gives one block on, before the scope ends.
   *
   * @param memory as {@link #allocate} returned it
   */
  public void release(DeviceMemory memory) {
    DeviceMemory block = blocks.remove(memory.address());
    if (block == null) {
      throw new IllegalStateException(memory + " is not, or no longer, a block of this scope");
    }
    pool.give(block);
  }

  /** Gives all memory on and stays open. Kernels that were launched before may still use it. */
  public void rewind() {
    blocks.values().forEach(pool::give);
    blocks.clear();
  }

  /** Gives the memory on. Kernels that were launched before may still be using it. */
  @Override
  public void close() {
    closed = true;
    rewind();
  }
}
