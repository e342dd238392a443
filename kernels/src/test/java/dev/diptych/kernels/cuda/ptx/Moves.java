package dev.diptych.kernels.cuda.ptx;

/** What only carries bits about: {@code mov}, and the addresses of {@code cvta}. */
final class Moves {
  private Moves() {}

  static Instruction move(Form form) {
    if (form.type() == Type.PRED) {
      return Comparisons.decode(form);
    }
    form.finish();
    form.passOn();
    if (form.operand(0) instanceof Operand.Group) {
      return new Unpack(form);
    }
    if (form.operand(1) instanceof Operand.Group) {
      return new Pack(form);
    }
    Type type = form.type();
    Form.Target target = form.target(form.operand(0), type.isWide());
    Scalar.Input from = Scalar.input(form, 1, type);
    if (!target.wide() && !from.source().wide()) {
      return new CopyRow(form, target.row(), from.source().row());
    }
    return new Scalar(form, (a, b, c) -> a, target, from, null, null);
  }

  /** A register to another. */
  private static final class CopyRow extends Instruction {
    private final int to;
    private final int from;

    CopyRow(Form form, int to, int from) {
      super(form);
      this.to = to * Warp.LANES;
      this.from = from * Warp.LANES;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int[] r = warp.words;
      if (lanes == -1) {
        System.arraycopy(r, from, r, to, Warp.LANES);
        return;
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        r[to + lane] = r[from + lane];
      }
    }
  }

  /** {@code mov.b32 {lo, hi}, r}. */
  private static final class Unpack extends Instruction {
    private final Form.Target[] parts;
    private final Form.Source whole;
    private final int bits;

    Unpack(Form form) {
      this(
          form,
          form.group(0).stream().map(o -> form.target(o, false)).toArray(Form.Target[]::new),
          form.source(1, form.type()));
    }

    private Unpack(Form form, Form.Target[] parts, Form.Source whole) {
      super(form);
      this.parts = parts;
      this.whole = whole;
      bits = 8 * form.type().bytes / parts.length;
    }

    @Override
    void execute(Warp warp, int lanes) {
      long mask = -1L >>> (64 - bits);
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long value = whole.bits(warp, lane);
        for (int i = 0; i < parts.length; i++) {
          parts[i].set(warp, lane, value >>> (i * bits) & mask);
        }
      }
    }
  }

  /** {@code mov.b32 r, {lo, hi}}. */
  private static final class Pack extends Instruction {
    private final Form.Target whole;
    private final Form.Source[] parts;
    private final int bits;

    Pack(Form form) {
      this(
          form,
          form.target(form.operand(0), form.type().isWide()),
          form.group(1).stream().map(o -> form.source(o, Type.B32)).toArray(Form.Source[]::new));
    }

    private Pack(Form form, Form.Target whole, Form.Source[] parts) {
      super(form);
      this.whole = whole;
      this.parts = parts;
      bits = 8 * form.type().bytes / parts.length;
    }

    @Override
    void execute(Warp warp, int lanes) {
      long mask = -1L >>> (64 - bits);
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long value = 0;
        for (int i = 0; i < parts.length; i++) {
          value |= (parts[i].bits(warp, lane) & mask) << (i * bits);
        }
        whole.set(warp, lane, value);
      }
    }
  }

  /** {@code cvta} makes an address generic, {@code cvta.to} makes a generic one special. */
  static Instruction convertAddress(Form form) {
    boolean backwards = form.take("to");
    Windows.Space space =
        switch (form.require("global", "shared", "local", "const", "param")) {
          case "shared" -> Windows.Space.SHARED;
          case "local" -> Windows.Space.LOCAL;
          case "param" -> Windows.Space.PARAMETERS;
          default -> Windows.Space.GLOBAL;
        };
    form.take("cta");
    long start = Windows.start(space);
    return Scalar.of(form, backwards ? (a, b, c) -> a - start : (a, b, c) -> a + start, Type.U64);
  }

  /** Whether a generic address lies in a space. */
  static Instruction isInSpace(Form form) {
    Windows.Space space =
        switch (form.require("global", "shared", "local")) {
          case "shared" -> Windows.Space.SHARED;
          case "local" -> Windows.Space.LOCAL;
          default -> Windows.Space.GLOBAL;
        };
    form.finish();
    int target = form.predicateTarget(form.operand(0));
    Form.Source address = form.source(1, Type.U64);
    return new Instruction(form) {
      @Override
      void execute(Warp warp, int lanes) {
        int holds = 0;
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          if (Windows.of(address.bits(warp, lane)) == space) {
            holds |= 1 << lane;
          }
        }
        Comparisons.write(warp, target, lanes, holds);
      }
    };
  }
}
