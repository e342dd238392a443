package dev.diptych.kernels.cuda;

/** A place in the order of a GPU's work, which it passes at some time. */
public interface GpuEvent extends AutoCloseable {
  /** Waits until the GPU has passed both places and returns the milliseconds between them. */
  double millisecondsSince(GpuEvent start);

  @Override
  void close();
}
