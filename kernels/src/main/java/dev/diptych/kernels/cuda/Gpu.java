package dev.diptych.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

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
   * Copies from the host, without waiting for work that was asked for before. On return {@code
   * from} may be changed.
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

  /**
   * Captures the launches, fills and copies within the device that {@code work} asks for, instead
   * of doing them; {@link GpuGraph#replay} does them, as often as it is called. {@link #copyIn},
   * {@link #copyOut}, {@link #free}, {@link #synchronize} and {@link #record} are refused
   * meanwhile.
   *
   * <p>Do the work once before without capturing it: a kernel that has never run cannot be
   * captured, for the driver loads it when it first runs.
   *
   * <p>Scopes that the work opens get memory that is the graph's own until it is closed, so that
   * nothing else is given what every replay overwrites; for that the memory that is free in this
   * GPU's scopes is given back first. Other memory that the work uses must not be given on as long
   * as the graph is replayed: a scope that was opened before gives on what the work releases, to
   * whoever asks next, or back to the device.
   *
   * @throws IllegalStateException if the work calls what is refused; whatever it throws is passed
   *     on, and nothing is left of the capture
   */
  GpuGraph capture(Runnable work);

  /** Waits until all work is done. */
  void synchronize();

  /** Marks this place in the order of work, to measure time from or to it. */
  GpuEvent record();

  /**
   * The driver's handle of the stream that orders the work, for libraries of CUDA that are called
   * beside our own kernels; empty if there is no driver behind this GPU.
   */
  default OptionalLong stream() {
    return OptionalLong.empty();
  }

  /** Waits for all work and gives everything back; its memory must not be used any more. */
  @Override
  void close();
}
