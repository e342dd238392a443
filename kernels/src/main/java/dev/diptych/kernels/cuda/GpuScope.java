package dev.diptych.kernels.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * Owns device memory: what is allocated in a scope lives until it is closed. Then it serves the
 * next scope, so that a loop that opens the same scope again and again allocates only the first
 * time.
 */
public final class GpuScope implements AutoCloseable {
  private final Gpu gpu;
  private final GpuPool pool;
  private final List<DeviceMemory> blocks = new ArrayList<>();
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
    blocks.add(block);
    return block.slice(0, bytes);
  }

  /** Room for {@code count} floats until the scope is closed. */
  public DeviceMemory floats(long count) {
    return allocate(Float.BYTES * count);
  }

  /** Gives the memory on. Kernels that were launched before may still be using it. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      blocks.forEach(pool::give);
      blocks.clear();
    }
  }
}
