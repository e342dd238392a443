package dev.diptych.tensor;

/**
 * The element types of files. Tensors compute in {@link #F32}; everything else is converted where
 * it is read or written. The names are those of safetensors.
 */
public enum DType {
  /** A truth value in one byte. */
  BOOL(1),
  /** An unsigned byte. */
  U8(1),
  /** A signed byte. */
  I8(1),
  /** A 16-bit integer. */
  I16(2),
  /** An unsigned 16-bit integer. */
  U16(2),
  /** IEEE half precision. */
  F16(2),
  /** The upper half of an f32. */
  BF16(2),
  /** A 32-bit integer. */
  I32(4),
  /** An unsigned 32-bit integer. */
  U32(4),
  /** IEEE single precision. */
  F32(4),
  /** IEEE double precision. */
  F64(8),
  /** A 64-bit integer. */
  I64(8),
  /** An unsigned 64-bit integer. */
  U64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** The bf16 number nearest to {@code value}, ties to even, in the low 16 bits. */
  public static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  /** The value of a bf16 number. */
  public static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
