package dev.diptych.kernels.cuda;

/**
 * Work that was captured by {@link Gpu#capture}: launches, fills and copies within the device, with
 * the addresses and arguments that they had then. Doing it again costs the host one call, however
 * much it is.
 */
public interface GpuGraph extends AutoCloseable {
  /**
   * Does all of the work, in its order, behind what was asked for before. What it reads from memory
   * is what is there then: inputs are changed where they lie.
   *
   * @throws IllegalStateException if other work is being captured
   */
  void replay();

  /** Frees the graph, and the memory of the scopes that the work opened. */
  @Override
  void close();
}
