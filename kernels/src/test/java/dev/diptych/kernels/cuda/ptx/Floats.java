package dev.diptych.kernels.cuda.ptx;

import static dev.diptych.kernels.cuda.ptx.Numbers.bits;
import static dev.diptych.kernels.cuda.ptx.Numbers.f32;
import static dev.diptych.kernels.cuda.ptx.Numbers.f64;

import dev.diptych.kernels.cuda.ptx.Numbers.Rounding;
import dev.diptych.kernels.cuda.ptx.WholeWarp.Operation;
import org.jspecify.annotations.Nullable;

/**
 * Arithmetic on f32 and f64. The approximate functions of the device are computed here as well as
 * Java can: a kernel must not depend on their last bits.
 */
final class Floats {
  private Floats() {}

  /** A function of f32. */
  @FunctionalInterface
  private interface F32 {
    float apply(float a, float b, float c);
  }

  /** A function of f64. */
  @FunctionalInterface
  private interface F64 {
    double apply(double a, double b, double c);
  }

  static Instruction decode(Form form) {
    return form.type() == Type.F64 ? decodeDouble(form) : decodeFloat(form);
  }

  private static Instruction decodeFloat(Form form) {
    return switch (form.base()) {
      case "add" -> sum(form, Operation.FLOAT_ADD, (a, b, c) -> a + b, 1);
      case "sub" -> sum(form, Operation.FLOAT_SUBTRACT, (a, b, c) -> a - b, -1);
      case "mul" -> product(form);
      case "fma", "mad" -> multiplyAdd(form);
      case "div" -> {
        form.require("rn", "full", "approx");
        yield floats(form, (a, b, c) -> a / b);
      }
      case "rcp" -> {
        form.require("rn", "approx");
        yield floats(form, (a, b, c) -> 1 / a);
      }
      case "sqrt" -> {
        form.require("rn", "approx");
        yield floats(form, (a, b, c) -> (float) Math.sqrt(a));
      }
      case "rsqrt" -> approximate(form, (a, b, c) -> (float) (1 / Math.sqrt(a)));
      case "ex2" -> approximate(form, (a, b, c) -> (float) Math.pow(2, a));
      case "lg2" -> approximate(form, (a, b, c) -> (float) (Math.log(a) / Math.log(2)));
      case "sin" -> approximate(form, (a, b, c) -> (float) Math.sin(a));
      case "cos" -> approximate(form, (a, b, c) -> (float) Math.cos(a));
      case "tanh" -> approximate(form, (a, b, c) -> (float) Math.tanh(a));
      case "min" -> extreme(form, true);
      case "max" -> extreme(form, false);
      case "abs" -> floats(form, (a, b, c) -> Math.abs(a));
      case "neg" -> floats(form, (a, b, c) -> -a);
      case "copysign" -> floats(form, (a, b, c) -> Math.copySign(b, a));
      default -> throw form.unknown(form.base());
    };
  }

  private static Instruction approximate(Form form, F32 function) {
    form.require("approx");
    return floats(form, function);
  }

  private static Instruction floats(Form form, F32 function) {
    return Scalar.of(form, wrap(form, function), Type.F32);
  }

  /** Takes the modifiers that all f32 operations have in common, and reads and writes bits. */
  private static Scalar.Function wrap(Form form, F32 function) {
    boolean flush = form.take("ftz");
    boolean saturate = form.take("sat");
    if (!flush && !saturate) {
      return (a, b, c) -> bits(function.apply(f32(a), f32(b), f32(c)));
    }
    return (a, b, c) -> {
      float x = f32(a);
      float y = f32(b);
      float z = f32(c);
      float result =
          flush
              ? Numbers.flush(function.apply(Numbers.flush(x), Numbers.flush(y), Numbers.flush(z)))
              : function.apply(x, y, z);
      return bits(saturate ? saturated(result) : result);
    };
  }

  /** Within 0 … 1; what is no number becomes 0. */
  static float saturated(float x) {
    return Double.isNaN(x) ? 0 : Math.clamp(x, 0f, 1f);
  }

  private static @Nullable Rounding directed(Form form) {
    String suffix = form.takeOneOf("rn", "rz", "rm", "rp");
    return suffix == null || suffix.equals("rn") ? null : Numbers.rounding(suffix);
  }

  private static Instruction sum(Form form, Operation operation, F32 plain, int sign) {
    Rounding mode = directed(form);
    if (mode != null) {
      return floats(form, (a, b, c) -> Numbers.multiplyAdd(b, sign, a, mode));
    }
    return hot(form, operation, plain);
  }

  private static Instruction product(Form form) {
    Rounding mode = directed(form);
    if (mode != null) {
      return floats(form, (a, b, c) -> Numbers.multiplyAdd(a, b, -0f, mode));
    }
    return hot(form, Operation.FLOAT_MULTIPLY, (a, b, c) -> a * b);
  }

  private static Instruction multiplyAdd(Form form) {
    Rounding mode = directed(form);
    if (mode != null) {
      return floats(form, (a, b, c) -> Numbers.multiplyAdd(a, b, c, mode));
    }
    return hot(form, Operation.FLOAT_MULTIPLY_ADD, Math::fma);
  }

  private static Instruction hot(Form form, Operation operation, F32 function) {
    Scalar.Function bits = wrap(form, function);
    // What flushes or saturates goes lane by lane; the rest has a loop of its own.
    boolean plain = !form.text().contains(".ftz") && !form.text().contains(".sat");
    return plain ? WholeWarp.of(form, operation, bits, Type.F32) : Scalar.of(form, bits, Type.F32);
  }

  /** The smaller or larger: the number if only one is one, unless {@code .NaN} asks for NaN. */
  private static Instruction extreme(Form form, boolean least) {
    boolean keepNan = form.take("NaN");
    return floats(
        form,
        (a, b, c) -> {
          if (!keepNan && Double.isNaN(a)) {
            return b;
          }
          if (!keepNan && Double.isNaN(b)) {
            return a;
          }
          return least ? Math.min(a, b) : Math.max(a, b);
        });
  }

  private static Instruction decodeDouble(Form form) {
    String base = form.base();
    if (!form.take("rn") && !base.equals("min") && !base.equals("max")) {
      form.takeOneOf("approx");
    }
    F64 function =
        switch (base) {
          case "add" -> (a, b, c) -> a + b;
          case "sub" -> (a, b, c) -> a - b;
          case "mul" -> (a, b, c) -> a * b;
          case "fma", "mad" -> Math::fma;
          case "div" -> (a, b, c) -> a / b;
          case "rcp" -> (a, b, c) -> 1 / a;
          case "sqrt" -> (a, b, c) -> Math.sqrt(a);
          case "rsqrt" -> (a, b, c) -> 1 / Math.sqrt(a);
          case "min" -> (a, b, c) -> Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.min(a, b);
          case "max" -> (a, b, c) -> Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.max(a, b);
          case "abs" -> (a, b, c) -> Math.abs(a);
          case "neg" -> (a, b, c) -> -a;
          case "copysign" -> (a, b, c) -> Math.copySign(b, a);
          default -> throw form.unknown(base);
        };
    return Scalar.of(form, (a, b, c) -> bits(function.apply(f64(a), f64(b), f64(c))), Type.F64);
  }
}
