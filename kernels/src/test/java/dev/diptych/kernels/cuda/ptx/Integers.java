package dev.diptych.kernels.cuda.ptx;

import dev.diptych.kernels.cuda.ptx.WholeWarp.Operation;

/** Arithmetic on integers, and what works on single bits. */
final class Integers {
  private Integers() {}

  static Instruction decode(Form form) {
    Type type = form.type();
    int bits = 8 * type.bytes;
    boolean signed = type.isSigned();
    return switch (form.base()) {
      case "add" -> hot(form, Operation.ADD, (a, b, c) -> a + b);
      case "sub" -> hot(form, Operation.SUBTRACT, (a, b, c) -> a - b);
      case "mul" -> multiply(form, false);
      case "mad" -> multiply(form, true);
      case "div" ->
          Scalar.of(
              form, signed ? (a, b, c) -> a / b : (a, b, c) -> Long.divideUnsigned(a, b), type);
      case "rem" ->
          Scalar.of(
              form, signed ? (a, b, c) -> a % b : (a, b, c) -> Long.remainderUnsigned(a, b), type);
      case "min" ->
          Scalar.of(
              form,
              signed
                  ? (a, b, c) -> Math.min(a, b)
                  : (a, b, c) -> Long.compareUnsigned(a, b) < 0 ? a : b,
              type);
      case "max" ->
          Scalar.of(
              form,
              signed
                  ? (a, b, c) -> Math.max(a, b)
                  : (a, b, c) -> Long.compareUnsigned(a, b) > 0 ? a : b,
              type);
      case "abs" -> Scalar.of(form, (a, b, c) -> Math.abs(a), type);
      case "neg" -> Scalar.of(form, (a, b, c) -> -a, type);
      case "sad" -> Scalar.of(form, (a, b, c) -> c + (a > b ? a - b : b - a), type);
      case "and" -> hot(form, Operation.AND, (a, b, c) -> a & b);
      case "or" -> hot(form, Operation.OR, (a, b, c) -> a | b);
      case "xor" -> hot(form, Operation.XOR, (a, b, c) -> a ^ b);
      case "not" -> Scalar.of(form, (a, b, c) -> ~a, type);
      case "cnot" -> Scalar.of(form, (a, b, c) -> a == 0 ? 1 : 0, type);
      case "shl" -> Scalar.of(form, (a, b, c) -> b >= bits ? 0 : a << b, type, Type.U32);
      case "shr" ->
          Scalar.of(
              form,
              signed
                  ? (a, b, c) -> a >> Math.min(b, bits - 1)
                  : (a, b, c) -> b >= bits ? 0 : a >>> b,
              type,
              Type.U32);
      case "shf" -> funnelShift(form);
      case "popc" -> Scalar.of(form, (a, b, c) -> Long.bitCount(a), type);
      case "clz" -> Scalar.of(form, (a, b, c) -> Long.numberOfLeadingZeros(a) - (64 - bits), type);
      case "brev" -> Scalar.of(form, (a, b, c) -> Long.reverse(a) >>> (64 - bits), type);
      case "bfind" -> findHighest(form);
      case "bfe" ->
          Scalar.of(
              form, (a, b, c) -> extract(a, b & 0xff, c & 0xff, bits, signed), type, Type.U32);
      case "bfi" -> insert(form);
      case "lop3" -> threeInputLogic(form);
      case "prmt" -> permute(form);
      case "dp4a" -> dotOfBytes(form);
      default -> throw form.unknown(form.base());
    };
  }

  private static Instruction hot(Form form, Operation operation, Scalar.Function function) {
    boolean saturates = form.take("sat");
    if (saturates) {
      return Scalar.of(
          form,
          (a, b, c) -> Math.clamp(function.apply(a, b, c), Integer.MIN_VALUE, Integer.MAX_VALUE),
          form.type());
    }
    return form.type().bytes == 4
        ? WholeWarp.of(form, operation, function, form.type())
        : Scalar.of(form, function, form.type());
  }

  private static Instruction multiply(Form form, boolean add) {
    Type type = form.type();
    boolean signed = type.isSigned();
    int bits = 8 * type.bytes;
    String part = form.require("lo", "hi", "wide");
    if (part.equals("wide")) {
      Type twice =
          type.bytes == 2 ? (signed ? Type.S32 : Type.U32) : (signed ? Type.S64 : Type.U64);
      Scalar.Function product = (a, b, c) -> a * b + c;
      return Scalar.of(form, product, type, type, twice);
    }
    if (part.equals("hi")) {
      if (bits < 64) {
        return Scalar.of(form, (a, b, c) -> ((a * b) >> bits) + c, type);
      }
      return Scalar.of(
          form,
          signed
              ? (a, b, c) -> Math.multiplyHigh(a, b) + c
              : (a, b, c) -> Math.unsignedMultiplyHigh(a, b) + c,
          type);
    }
    if (bits == 32) {
      return WholeWarp.of(
          form,
          add ? Operation.MULTIPLY_ADD : Operation.MULTIPLY,
          add ? (a, b, c) -> a * b + c : (a, b, c) -> a * b,
          type);
    }
    return Scalar.of(form, (a, b, c) -> a * b + c, type);
  }

  private static Instruction funnelShift(Form form) {
    boolean left = form.require("l", "r").equals("l");
    boolean wraps = form.require("wrap", "clamp").equals("wrap");
    return Scalar.of(
        form,
        (a, b, c) -> {
          long both = b << 32 | a;
          long by = wraps ? c & 31 : Math.min(c, 32);
          return left ? both << by >>> 32 : both >>> by;
        },
        Type.U32);
  }

  private static Instruction findHighest(Form form) {
    boolean shiftAmount = form.take("shiftamt");
    Type type = form.type();
    int bits = 8 * type.bytes;
    return Scalar.of(
        form,
        (a, b, c) -> {
          long x = type.isSigned() && a < 0 ? ~a : a;
          int highest = 63 - Long.numberOfLeadingZeros(x);
          return highest < 0 ? 0xffff_ffffL : shiftAmount ? bits - 1 - highest : highest;
        },
        type);
  }

  /** Bits {@code from} to {@code from + length − 1} of {@code a}; past the top comes the sign. */
  private static long extract(long a, long from, long length, int bits, boolean signed) {
    if (length == 0) {
      return 0;
    }
    if (from >= bits) {
      return signed && a < 0 ? -1 : 0;
    }
    long shifted = a >> from;
    if (!signed) {
      shifted = a >>> from;
    }
    if (length >= 64 || from + length > bits) {
      return shifted;
    }
    int cut = 64 - (int) length;
    return signed ? shifted << cut >> cut : shifted << cut >>> cut;
  }

  /** Puts the low bits of a into b, at a place and of a length given by two more operands. */
  private static Instruction insert(Form form) {
    Type type = form.type();
    form.finish();
    return new BitInsert(form, type);
  }

  /** {@code bfi}: the one arithmetic instruction of four operands. */
  private static final class BitInsert extends Instruction {
    private final Form.Target target;
    private final Form.Source from;
    private final Form.Source into;
    private final int place;
    private final int length;
    private final int bits;

    BitInsert(Form form, Type type) {
      this(
          form,
          type,
          form.target(form.operand(0), type.isWide()),
          form.source(1, type),
          form.source(2, type),
          form.word(3),
          form.word(4));
    }

    private BitInsert(
        Form form,
        Type type,
        Form.Target target,
        Form.Source from,
        Form.Source into,
        int place,
        int length) {
      super(form);
      this.target = target;
      this.from = from;
      this.into = into;
      this.place = place;
      this.length = length;
      bits = 8 * type.bytes;
    }

    @Override
    void execute(Warp warp, int lanes) {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int start = warp.words[place * Warp.LANES + lane] & 0xff;
        int count = Math.min(warp.words[length * Warp.LANES + lane] & 0xff, bits - start);
        long old = into.bits(warp, lane);
        long mask = count <= 0 ? 0 : -1L >>> (64 - count) << start;
        long put = count <= 0 ? 0 : from.bits(warp, lane) << start;
        target.set(warp, lane, (old & ~mask) | (put & mask));
      }
    }
  }

  /** Any function of three bits: its truth table is the last operand. */
  private static Instruction threeInputLogic(Form form) {
    int table = (int) form.constant(4);
    return Scalar.of(
        form,
        (a, b, c) -> {
          long result = 0;
          for (int i = 0; i < 8; i++) {
            if ((table >> i & 1) != 0) {
              result |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
            }
          }
          return result;
        },
        Type.B32);
  }

  /** Picks four of the eight bytes of b:a by the nibbles of c; bit 3 spreads the sign instead. */
  private static Instruction permute(Form form) {
    return Scalar.of(
        form,
        (a, b, c) -> {
          long both = b << 32 | a;
          long result = 0;
          for (int i = 0; i < 4; i++) {
            int pick = (int) (c >>> (4 * i)) & 15;
            long chosen = both >>> (8 * (pick & 7)) & 0xff;
            if ((pick & 8) != 0) {
              chosen = (chosen & 0x80) != 0 ? 0xff : 0;
            }
            result |= chosen << (8 * i);
          }
          return result;
        },
        Type.B32);
  }

  private static Instruction dotOfBytes(Form form) {
    boolean aSigned = form.type(0).isSigned();
    boolean bSigned = form.type(1).isSigned();
    return Scalar.of(
        form,
        (a, b, c) -> {
          long sum = c;
          for (int i = 0; i < 32; i += 8) {
            long x = a >>> i & 0xff;
            long y = b >>> i & 0xff;
            sum += (aSigned ? (byte) x : x) * (bSigned ? (byte) y : y);
          }
          return sum;
        },
        Type.B32);
  }
}
