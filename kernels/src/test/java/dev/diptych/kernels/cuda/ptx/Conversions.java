package dev.diptych.kernels.cuda.ptx;

import dev.diptych.kernels.cuda.ptx.Numbers.Rounding;
import org.jspecify.annotations.Nullable;

/** {@code cvt}: from every number format to every other, with its ways to round. */
final class Conversions {
  private Conversions() {}

  static Instruction decode(Form form) {
    if (form.typeCount() != 2) {
      throw form.unknown("needs two types");
    }
    Type to = form.type(0);
    Type from = form.type(1);
    boolean saturate = form.take("sat");
    boolean flush = form.take("ftz");
    boolean rectify = form.take("relu");
    String suffix = form.takeOneOf("rni", "rzi", "rmi", "rpi", "rn", "rz", "rm", "rp", "rna");
    if (to == Type.F16X2 || to == Type.BF16X2) {
      return pack(form, to, from, flush, rectify, suffix);
    }
    if (to == Type.TF32) {
      if (!"rna".equals(suffix) || from != Type.F32) {
        throw form.unknown("to tf32 only .rna from f32");
      }
      return Scalar.of(form, (a, b, c) -> Numbers.bits(Numbers.toTf32(Numbers.f32(a))), Type.F32);
    }
    if ("rna".equals(suffix)) {
      throw form.unknown(".rna");
    }
    Rounding mode = suffix == null ? Rounding.NEAREST : Numbers.rounding(suffix);
    boolean toIntegral = suffix != null && suffix.endsWith("i");
    if (!to.isFloat()) {
      return Scalar.of(form, toInteger(to, from, mode, saturate, flush), from);
    }
    if (!from.isFloat()) {
      return Scalar.of(form, fromInteger(form, to, from, mode), from);
    }
    return Scalar.of(
        form, between(form, to, from, toIntegral, mode, saturate, flush, rectify), from);
  }

  /** A register of floating point as a double, which holds any of them exactly. */
  private static double read(long bits, Type type, boolean flush) {
    return switch (type) {
      case F64 -> Numbers.f64(bits);
      case F16 -> Numbers.fromF16((int) bits & 0xffff);
      case BF16 -> Numbers.fromBf16((int) bits & 0xffff);
      default -> flush ? Numbers.flush(Numbers.f32(bits)) : Numbers.f32(bits);
    };
  }

  private static Scalar.Function toInteger(
      Type to, Type from, Rounding mode, boolean saturate, boolean flush) {
    if (from.isFloat()) {
      boolean nanIsSmallest = from == Type.F64 || to.isWide();
      return (a, b, c) -> {
        double x = Numbers.toInteger(read(a, from, flush), mode);
        if (Double.isNaN(x)) {
          return nanIsSmallest ? 1L << (8 * to.bytes - 1) : 0;
        }
        return clampToInteger(x, to);
      };
    }
    if (!saturate) {
      return (a, b, c) -> to.extend(a);
    }
    long least = to.isSigned() ? -1L << (8 * to.bytes - 1) : 0;
    long most = to.isSigned() ? ~least : to.isWide() ? Long.MAX_VALUE : (1L << (8 * to.bytes)) - 1;
    boolean fromUnsignedWide = from == Type.U64;
    return (a, b, c) ->
        fromUnsignedWide && a < 0 ? (to == Type.U64 ? a : most) : Math.clamp(a, least, most);
  }

  private static long clampToInteger(double x, Type to) {
    int bits = 8 * to.bytes;
    if (to.isSigned()) {
      long least = -1L << (bits - 1);
      return x <= least ? least : x >= -(double) least ? ~least : (long) x;
    }
    if (x <= 0) {
      return 0;
    }
    if (x >= Math.scalb(1.0, bits)) {
      return -1L >>> (64 - bits);
    }
    return x < 0x1p63 ? (long) x : (long) (x - 0x1p63) ^ Long.MIN_VALUE;
  }

  private static Scalar.Function fromInteger(Form form, Type to, Type from, Rounding mode) {
    if (to == Type.F64) {
      return (a, b, c) -> Numbers.bits(from == Type.U64 ? unsigned(a, mode) : signed(a, mode));
    }
    if (to == Type.F32) {
      // 32 bits and fewer are exact in double; 64 are first cut to what decides the rounding.
      return (a, b, c) ->
          Numbers.bits(Numbers.toFloat(from == Type.U64 ? oddUnsigned(a) : oddSigned(a), mode));
    }
    if (to == Type.F16) {
      return (a, b, c) -> Numbers.toF16((float) oddSigned(a), false);
    }
    if (to == Type.BF16) {
      return (a, b, c) -> Numbers.toBf16(Numbers.sticky(oddSigned(a)), false);
    }
    throw form.unknown("target type");
  }

  private static double signed(long a, Rounding mode) {
    if (mode != Rounding.NEAREST) {
      throw new Violation(Fault.Kind.ARITHMETIC, "directed rounding from 64 bits to f64");
    }
    return a;
  }

  private static double unsigned(long a, Rounding mode) {
    return a >= 0 ? signed(a, mode) : signed(a >>> 1 | (a & 1), mode) * 2;
  }

  /** {@code a} with the bits below the top 53 folded into the last of them, exact in double. */
  private static double oddSigned(long a) {
    if (Math.abs(a) < 1L << 53 && a != Long.MIN_VALUE) {
      return a;
    }
    return a >> 12 << 12 | ((a & 0xfff) != 0 ? 0x1000 : 0);
  }

  private static double oddUnsigned(long a) {
    return a >= 0 ? oddSigned(a) : oddSigned(a >>> 1 | (a & 1)) * 2;
  }

  private static Scalar.Function between(
      Form form,
      Type to,
      Type from,
      boolean toIntegral,
      Rounding mode,
      boolean saturate,
      boolean flush,
      boolean rectify) {
    boolean towardsZero = mode == Rounding.ZERO;
    if (to.isHalf() && !toIntegral && mode != Rounding.NEAREST && !towardsZero) {
      throw form.unknown("rounding");
    }
    return (a, b, c) -> {
      double x = read(a, from, flush);
      if (toIntegral) {
        x = Numbers.toInteger(x, mode);
      }
      if (saturate) {
        x = Double.isNaN(x) ? 0 : Math.clamp(x, 0.0, 1.0);
      }
      if (rectify && x <= 0) {
        x = 0;
      }
      return switch (to) {
        case F64 -> Numbers.bits(x);
        case F32 -> {
          float rounded = Numbers.toFloat(x, mode);
          yield Numbers.bits(flush ? Numbers.flush(rounded) : rounded);
        }
        case F16 -> Numbers.toF16(Numbers.sticky(x), towardsZero);
        default -> Numbers.toBf16(Numbers.sticky(x), towardsZero);
      };
    };
  }

  /** Two f32 to two halves in one register: the first operand becomes the upper one. */
  private static Instruction pack(
      Form form, Type to, Type from, boolean flush, boolean rectify, @Nullable String suffix) {
    if (from != Type.F32 || !("rn".equals(suffix) || "rz".equals(suffix))) {
      throw form.unknown("two halves only .rn or .rz from f32");
    }
    boolean towardsZero = "rz".equals(suffix);
    boolean bf16 = to == Type.BF16X2;
    Scalar.Function one =
        (a, b, c) -> {
          float x = flush ? Numbers.flush(Numbers.f32(a)) : Numbers.f32(a);
          float y = rectify && x <= 0 ? 0 : x;
          return bf16 ? Numbers.toBf16(y, towardsZero) : Numbers.toF16(y, towardsZero);
        };
    return Scalar.of(form, (a, b, c) -> one.apply(a, 0, 0) << 16 | one.apply(b, 0, 0), Type.F32);
  }
}
