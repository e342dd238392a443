package dev.diptych.tensor;

import dev.diptych.kernels.memory.Floats;

/**
 * Heap memory. Compared by identity, because two tensors share storage when they share the object.
 */
public final class HostStorage implements Storage {
  private final Floats floats;

  /** Storage over {@code floats}, which is shared, not copied. */
  public HostStorage(Floats floats) {
    this.floats = floats;
  }

  /** The memory itself. */
  public Floats floats() {
    return floats;
  }

  @Override
  public int length() {
    return floats.length();
  }

  @Override
  public Device device() {
    return Device.CPU;
  }
}
