package dev.diptych.tensor.io;

import dev.diptych.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The elements of tensors as files hold them: little-endian, of any {@link DType}, at any byte.
 * What lies outside the given memory is answered with {@link IndexOutOfBoundsException}; callers
 * check a file's claims before.
 */
public final class Elements {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Elements() {}

  /**
   * Reads {@code count} elements, of which each lies {@code stride} elements after the one before,
   * as f32.
   *
   * @param bytes the memory that holds them
   * @param dtype their type
   * @param first index of the first, in elements from the beginning of {@code bytes}
   * @param stride 1 for neighbours, 0 for the same element again and again
   * @param target receives them, from {@code at} on
   */
  public static void readFloats(
      MemorySegment bytes,
      DType dtype,
      long first,
      long stride,
      float[] target,
      int at,
      int count) {
    if (dtype == DType.F32 && stride == 1) {
      MemorySegment.copy(bytes, FLOAT, first * Float.BYTES, target, at, count);
    } else if (dtype == DType.F16) {
      for (int i = 0; i < count; i++) {
        target[at + i] = Float.float16ToFloat(bytes.getAtIndex(SHORT, first + i * stride));
      }
    } else {
      for (int i = 0; i < count; i++) {
        target[at + i] = floatAt(bytes, dtype, first + i * stride);
      }
    }
  }

  private static float floatAt(MemorySegment bytes, DType dtype, long index) {
    return switch (dtype) {
      case F16 -> Float.float16ToFloat(bytes.getAtIndex(SHORT, index));
      case BF16 -> DType.fromBf16(bytes.getAtIndex(SHORT, index));
      case F32 -> bytes.getAtIndex(FLOAT, index);
      case F64 -> (float) bytes.getAtIndex(DOUBLE, index);
      case U64 -> unsignedToFloat(bytes.getAtIndex(LONG, index));
      case BOOL, U8, I8, I16, U16, I32, U32, I64 -> integerAt(bytes, dtype, index);
    };
  }

  private static float unsignedToFloat(long value) {
    return value >= 0 ? value : (float) ((value >>> 1) | (value & 1)) * 2;
  }

  /**
   * The integer at {@code index}; of a {@link DType#U64} its 64 bits.
   *
   * @throws IllegalArgumentException if {@code dtype} holds floating point numbers
   */
  public static long integerAt(MemorySegment bytes, DType dtype, long index) {
    return switch (dtype) {
      case BOOL, U8 -> bytes.get(ValueLayout.JAVA_BYTE, index) & 0xFF;
      case I8 -> bytes.get(ValueLayout.JAVA_BYTE, index);
      case I16 -> bytes.getAtIndex(SHORT, index);
      case U16 -> bytes.getAtIndex(SHORT, index) & 0xFFFF;
      case I32 -> bytes.getAtIndex(INT, index);
      case U32 -> bytes.getAtIndex(INT, index) & 0xFFFFFFFFL;
      case I64, U64 -> bytes.getAtIndex(LONG, index);
      case F16, BF16, F32, F64 -> throw new IllegalArgumentException(dtype + " is no integer");
    };
  }

  /** The number at {@code index} as f64: exact for every type but 64-bit integers over 2⁵³. */
  public static double doubleAt(MemorySegment bytes, DType dtype, long index) {
    return switch (dtype) {
      case F64 -> bytes.getAtIndex(DOUBLE, index);
      case BOOL, U8, I8, I16, U16, I32, U32, I64 -> integerAt(bytes, dtype, index);
      case F16, BF16, F32, U64 -> floatAt(bytes, dtype, index);
    };
  }
}
