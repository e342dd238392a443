package dev.diptych.kernels.cuda;

/**
 * How elements are stored on the GPU. They are computed with, and summed, as f32 in either case.
 */
public enum Precision {
  /** 32 bits, IEEE 754. */
  F32(4),
  /** The upper half of an f32: its range, with 8 bits of precision. */
  BF16(2);

  private final int bytes;

  Precision(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of an element. */
  public int bytes() {
    return bytes;
  }

  /** What kernels for it have in their names. */
  public String suffix() {
    return switch (this) {
      case F32 -> "f32";
      case BF16 -> "bf16";
    };
  }

  /** Whether {@code memory} holds {@code count} elements. */
  public boolean fits(DeviceMemory memory, long count) {
    return memory.bytes() == bytes * count;
  }
}
