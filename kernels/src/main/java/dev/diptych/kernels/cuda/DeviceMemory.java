package dev.diptych.kernels.cuda;

import java.util.Objects;

/**
 * A run of bytes in a GPU's memory. It does not own them: a {@link GpuScope} does.
 *
 * @param address where it begins, as kernels see it
 * @param bytes how long it is
 */
public record DeviceMemory(long address, long bytes) {
  /** Checks that it has no negative length. */
  public DeviceMemory {
    if (bytes < 0) {
      throw new IllegalArgumentException("device memory of " + bytes + " bytes");
    }
  }

  /** The {@code size} bytes that begin {@code from} bytes into this run. */
  public DeviceMemory slice(long from, long size) {
    Objects.checkFromIndexSize(from, size, bytes);
    return new DeviceMemory(address + from, size);
  }

  /** The {@code size} floats that begin {@code from} floats into this run. */
  public DeviceMemory floats(long from, long size) {
    return slice(Float.BYTES * from, Float.BYTES * size);
  }

  /** How many floats it holds. */
  public long floatCount() {
    return bytes / Float.BYTES;
  }

  @Override
  public String toString() {
    return "0x" + Long.toHexString(address) + "[" + bytes + "]";
  }
}
