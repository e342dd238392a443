package dev.diptych.kernels.cuda.ptx;

import dev.diptych.kernels.cuda.ptx.Windows.Space;
import org.jspecify.annotations.Nullable;

/**
 * {@code atom} and {@code red}: read, change and write back with nobody between. Lanes go in order.
 * A kernel with such accesses to global memory has its blocks run one after the other, so that sums
 * of floats come out the same every time.
 */
final class Atomics {
  private Atomics() {}

  /** What becomes of the old value. */
  @FunctionalInterface
  private interface Update {
    long apply(long old, long b, long c);
  }

  static Instruction decode(Form form) {
    boolean returns = form.base().equals("atom");
    form.takeOneOf("relaxed", "acquire", "release", "acq_rel");
    form.takeOneOf("cta", "cluster", "gpu", "sys");
    Space space = Accesses.space(form);
    form.take("cta");
    form.take("noftz");
    String operation =
        form.require("add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec");
    Type type = form.type();
    Update update = update(form, operation, type);
    int first = returns ? 1 : 0;
    form.finish();
    Form.Target target = returns ? form.target(form.operand(0), type.isWide()) : null;
    Form.Source b = form.source(first + 1, type);
    Form.Source c = operation.equals("cas") ? form.source(first + 2, type) : null;
    return new Atomic(form, space, form.place(first), type, update, target, b, c);
  }

  private static Update update(Form form, String operation, Type type) {
    boolean signed = type.isSigned();
    return switch (operation) {
      case "add" -> sum(form, type);
      case "min" -> smaller(form, type, signed);
      case "max" -> {
        Update less = smaller(form, type, signed);
        yield (old, b, c) -> less.apply(old, b, c) == old ? b : old;
      }
      case "and" -> (old, b, c) -> old & b;
      case "or" -> (old, b, c) -> old | b;
      case "xor" -> (old, b, c) -> old ^ b;
      case "exch" -> (old, b, c) -> b;
      case "cas" -> (old, b, c) -> old == b ? c : old;
      case "inc" -> (old, b, c) -> Long.compareUnsigned(old, b) >= 0 ? 0 : old + 1;
      case "dec" -> (old, b, c) -> old == 0 || Long.compareUnsigned(old, b) > 0 ? b : old - 1;
      default -> throw form.unknown(operation);
    };
  }

  private static Update sum(Form form, Type type) {
    return switch (type) {
      case U32, S32, U64, S64 -> (old, b, c) -> old + b;
      case F32 -> (old, b, c) -> Numbers.bits(Numbers.f32(old) + Numbers.f32(b));
      case F64 -> (old, b, c) -> Numbers.bits(Numbers.f64(old) + Numbers.f64(b));
      case F16, BF16 -> (old, b, c) -> half(old, b, type == Type.BF16);
      case F16X2, BF16X2 ->
          (old, b, c) ->
              half(old & 0xffff, b & 0xffff, type == Type.BF16X2)
                  | half(old >>> 16, b >>> 16, type == Type.BF16X2) << 16;
      default -> throw form.unknown("atomic sum of " + type);
    };
  }

  private static long half(long a, long b, boolean bf16) {
    return bf16
        ? Numbers.toBf16(
            Numbers.sticky((double) Numbers.fromBf16((int) a) + Numbers.fromBf16((int) b)), false)
        : Numbers.toF16(
            Numbers.sticky((double) Numbers.fromF16((int) a) + Numbers.fromF16((int) b)), false);
  }

  private static Update smaller(Form form, Type type, boolean signed) {
    if (type.isFloat()) {
      throw form.unknown("atomic order of " + type);
    }
    return signed
        ? (old, b, c) -> type.extend(old) <= type.extend(b) ? old : b
        : (old, b, c) -> Long.compareUnsigned(old, b) <= 0 ? old : b;
  }

  /** One atomic access a lane. */
  static final class Atomic extends Accesses.Memory {
    private final Type type;
    private final Update update;
    private final Form.@Nullable Target target;
    private final Form.Source b;
    private final Form.@Nullable Source c;

    private Atomic(
        Form form,
        Space space,
        Form.Place place,
        Type type,
        Update update,
        Form.@Nullable Target target,
        Form.Source b,
        Form.@Nullable Source c) {
      super(form, space, place, type.bytes);
      this.type = type;
      this.update = update;
      this.target = target;
      this.b = b;
      this.c = c;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int size = type.bytes;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.lane = lane;
        long address = address(warp, lane);
        Space in = spaceOf(address);
        Region region = region(warp, lane, in, address);
        int at = offset(region, in, address);
        region.checkAligned(at, size);
        long old = region.load(at, size);
        if (in == Space.SHARED) {
          warp.block.races().atomic(warp, lane, line(), at, size);
        }
        region.store(
            at, size, update.apply(old, b.bits(warp, lane), c == null ? 0 : c.bits(warp, lane)));
        if (target != null) {
          target.set(warp, lane, old);
        }
      }
    }
  }
}
