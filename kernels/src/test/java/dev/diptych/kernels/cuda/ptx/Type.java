package dev.diptych.kernels.cuda.ptx;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The types of PTX, as they end the name of an instruction: {@code add.f32}. */
enum Type {
  PRED(0, Kind.PREDICATE),
  B8(1, Kind.BITS),
  U8(1, Kind.UNSIGNED),
  S8(1, Kind.SIGNED),
  B16(2, Kind.BITS),
  U16(2, Kind.UNSIGNED),
  S16(2, Kind.SIGNED),
  F16(2, Kind.FLOAT),
  BF16(2, Kind.FLOAT),
  B32(4, Kind.BITS),
  U32(4, Kind.UNSIGNED),
  S32(4, Kind.SIGNED),
  F32(4, Kind.FLOAT),
  TF32(4, Kind.FLOAT),
  F16X2(4, Kind.FLOAT),
  BF16X2(4, Kind.FLOAT),
  B64(8, Kind.BITS),
  U64(8, Kind.UNSIGNED),
  S64(8, Kind.SIGNED),
  F64(8, Kind.FLOAT);

  /** How the bits are meant. */
  enum Kind {
    PREDICATE,
    BITS,
    UNSIGNED,
    SIGNED,
    FLOAT
  }

  final int bytes;
  final Kind kind;

  Type(int bytes, Kind kind) {
    this.bytes = bytes;
    this.kind = kind;
  }

  /** The type of this name, such as {@code u32}, or null. */
  static @Nullable Type named(String name) {
    for (Type type : values()) {
      if (type.name().toLowerCase(Locale.ROOT).equals(name)) {
        return type;
      }
    }
    return null;
  }

  boolean isWide() {
    return bytes == 8;
  }

  boolean isSigned() {
    return kind == Kind.SIGNED;
  }

  boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** Whether this is one of the two-byte floats or a pair of them. */
  boolean isHalf() {
    return this == F16 || this == BF16 || this == F16X2 || this == BF16X2;
  }

  /** The bits of a register read as this integer type: sign- or zero-extended to 64. */
  long extend(long bits) {
    boolean signed = kind == Kind.SIGNED;
    return switch (bytes) {
      case 1 -> signed ? (byte) bits : bits & 0xff;
      case 2 -> signed ? (short) bits : bits & 0xffff;
      case 4 -> signed ? (int) bits : bits & 0xffff_ffffL;
      default -> bits;
    };
  }
}
