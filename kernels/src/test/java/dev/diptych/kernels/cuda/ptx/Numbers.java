package dev.diptych.kernels.cuda.ptx;

/**
 * The number formats of the device and how it rounds: what Java does not have as an operator.
 * Halves are kept as their 16 bits.
 */
final class Numbers {
  /** What every f32 operation gives for "not a number". */
  static final int NAN = 0x7fff_ffff;

  private Numbers() {}

  /** The ways to round to the nearest representable number, or to one side of it. */
  enum Rounding {
    /** To the nearest, ties to even. */
    NEAREST,
    /** Towards zero. */
    ZERO,
    /** Towards −∞. */
    DOWN,
    /** Towards +∞. */
    UP
  }

  /** The mode that a suffix such as {@code rn} or {@code rzi} names. */
  static Rounding rounding(String suffix) {
    return switch (suffix) {
      case "rn", "rni" -> Rounding.NEAREST;
      case "rz", "rzi" -> Rounding.ZERO;
      case "rm", "rmi" -> Rounding.DOWN;
      case "rp", "rpi" -> Rounding.UP;
      default -> throw new IllegalArgumentException(suffix);
    };
  }

  static float f32(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  static double f64(long bits) {
    return Double.longBitsToDouble(bits);
  }

  /** The bits of a result, with the device's NaN. */
  static long bits(float x) {
    return Double.isNaN(x) ? NAN : Float.floatToRawIntBits(x);
  }

  static long bits(double x) {
    return Double.isNaN(x) ? 0x7fff_ffff_ffff_ffffL : Double.doubleToRawLongBits(x);
  }

  /** Replaces a subnormal number by a zero of its sign. */
  static float flush(float x) {
    return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
  }

  /** a·b + c, rounded once as {@code mode} says. */
  static float multiplyAdd(float a, float b, float c, Rounding mode) {
    float nearest = Math.fma(a, b, c);
    if (mode == Rounding.NEAREST || Double.isNaN(nearest)) {
      return nearest;
    }
    if (Float.isInfinite(nearest)) {
      boolean exact = Float.isInfinite(a) || Float.isInfinite(b) || Float.isInfinite(c);
      boolean away = (mode == Rounding.UP && nearest > 0) || (mode == Rounding.DOWN && nearest < 0);
      return exact || away ? nearest : Math.copySign(Float.MAX_VALUE, nearest);
    }
    // The product is exact in double; the sum's error comes out exactly as well (Knuth's TwoSum).
    double product = (double) a * b;
    double sum = product + c;
    double part = sum - product;
    double lost = product - (sum - part) + (c - part);
    double error = sum - nearest + lost;
    return shift(nearest, error, mode);
  }

  /** {@code x}, rounded as {@code mode} says. */
  static float toFloat(double x, Rounding mode) {
    float nearest = (float) x;
    if (Float.isInfinite(nearest) && !Double.isInfinite(x)) {
      boolean away = (mode == Rounding.UP && x > 0) || (mode == Rounding.DOWN && x < 0);
      return mode == Rounding.NEAREST || away ? nearest : (float) Math.copySign(Float.MAX_VALUE, x);
    }
    return mode == Rounding.NEAREST || Double.isNaN(nearest)
        ? nearest
        : shift(nearest, x - nearest, mode);
  }

  /** One step from {@code nearest} if what was rounded away lies on the side that is wanted. */
  private static float shift(float nearest, double error, Rounding mode) {
    boolean down =
        (mode == Rounding.DOWN && error < 0) || (mode == Rounding.ZERO && error < 0 && nearest > 0);
    boolean up =
        (mode == Rounding.UP && error > 0) || (mode == Rounding.ZERO && error > 0 && nearest < 0);
    return down ? Math.nextDown(nearest) : up ? Math.nextUp(nearest) : nearest;
  }

  /** {@code x} to an integer value of the same type. */
  static double toInteger(double x, Rounding mode) {
    return switch (mode) {
      case NEAREST -> Math.rint(x);
      case ZERO -> x < 0 ? Math.ceil(x) : Math.floor(x);
      case DOWN -> Math.floor(x);
      case UP -> Math.ceil(x);
    };
  }

  // ---- halves

  static float fromBf16(int bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  static float fromF16(int bits) {
    return Float.float16ToFloat((short) bits);
  }

  /** The 16 bits of the nearest bf16, or of the next one towards zero. */
  static int toBf16(float x, boolean towardsZero) {
    if (Double.isNaN(x)) {
      return 0x7fff;
    }
    int bits = Float.floatToRawIntBits(x);
    if (towardsZero) {
      return bits >>> 16;
    }
    return (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16;
  }

  /** The 16 bits of the nearest f16, or of the next one towards zero. */
  static int toF16(float x, boolean towardsZero) {
    if (Double.isNaN(x)) {
      return 0x7fff;
    }
    int nearest = Float.floatToFloat16(x) & 0xffff;
    boolean isAbove = Math.abs(fromF16(nearest)) > Math.abs(x);
    return towardsZero && isAbove ? nearest - 1 : nearest;
  }

  /**
   * A double as a float that rounds on to any half as the double itself would: the last bit says
   * whether anything was cut off.
   */
  static float sticky(double x) {
    float cut = toFloat(x, Rounding.ZERO);
    return cut == x || Double.isNaN(x) || Float.isInfinite(cut)
        ? cut
        : Float.intBitsToFloat(Float.floatToRawIntBits(cut) | 1);
  }

  /** {@code x} with the 10 bits of mantissa that tf32 has: to nearest, ties away from zero. */
  static float toTf32(float x) {
    if (Double.isNaN(x) || Float.isInfinite(x)) {
      return Double.isNaN(x) ? Float.intBitsToFloat(NAN) : x;
    }
    return Float.intBitsToFloat(Float.floatToRawIntBits(x) + 0x1000 & ~0x1fff);
  }

  /** {@code x} with the bits cut off that a tf32 operand does not look at. */
  static float cutToTf32(int bits) {
    return Float.intBitsToFloat(bits & ~0x1fff);
  }
}
