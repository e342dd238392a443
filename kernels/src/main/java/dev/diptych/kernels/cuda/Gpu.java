package dev.diptych.kernels.cuda;

import java.lang.foreign.MemorySegment;

/**
 * A GPU, or what stands for one: allocates memory, copies, launches kernels. Work is done in the
 * order in which it was asked for, and most of it has only begun when a method returns; {@link
 * #copyOut} and {@link #synchronize} wait. Belongs to one thread at a time.
 *
 * <p>Every method throws {@link GpuException} if the device reports an error; an error inside a
 * kernel may be reported by a later call.
 */
public interface Gpu extends AutoCloseable {
  /** What this GPU is and has. */
  GpuProperties properties();

  /**
   * New memory, its contents undefined. {@link #scope} is what kernels use: it recycles.
   *
   * @param bytes at least 1
   * @throws GpuOutOfMemoryException if there is not as much
   */
  DeviceMemory allocate(long bytes);

  /** Gives back what {@link #allocate} returned. */
  void free(DeviceMemory memory);

  /** A new scope, whose memory is recycled among all scopes of this GPU. */
  GpuScope scope();

  /**
   * Copies from the host. On return {@code from} may be changed.
   *
   * @param from of the length of {@code to}, on the heap ({@code MemorySegment.ofArray}) or not
   */
  void copyIn(MemorySegment from, DeviceMemory to);

  /**
   * Copies to the host, once all work before it is done, and waits for it.
   *
   * @param to of the length of {@code from}
   */
  void copyOut(DeviceMemory from, MemorySegment to);

  /** Copies within the device; both have the same length and do not overlap. */
  void copy(DeviceMemory from, DeviceMemory to);

  /** Sets every byte. Four bytes of 0 are the float 0; four of 0xff are a NaN. */
  void fill(DeviceMemory memory, byte value);

  /**
   * Starts a kernel. A launch with an empty grid does nothing.
   *
   * @throws GpuException that names the kernel, its launch and its arguments
   */
  void launch(Kernel kernel, Launch launch, Arguments arguments);

  /** Waits until all work is done. */
  void synchronize();

  /** Marks this place in the order of work, to measure time from or to it. */
  GpuEvent record();

  /** Waits for all work and gives everything back; its memory must not be used any more. */
  @Override
  void close();
}
