package dev.diptych.kernels.cuda.ptx;

/** Instructions by which the lanes of a warp exchange registers: shuffles, votes, reductions. */
final class Collectives {
  private Collectives() {}

  /**
   * The lanes that the member masks in register {@code mask} name. Every lane must be in its own
   * mask, and no lane in a mask may have ended.
   */
  static int members(Warp warp, int lanes, int mask) {
    int all = 0;
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      int named = warp.words[mask * Warp.LANES + lane];
      if ((named >>> lane & 1) == 0) {
        throw maskViolation(
            warp, lane, String.format("executed by a lane that its mask %08x leaves out", named));
      }
      if ((named & ~warp.alive()) != 0) {
        throw maskViolation(
            warp,
            lane,
            String.format(
                "its mask %08x names lanes that have ended: %08x", named, named & ~warp.alive()));
      }
      all |= named;
    }
    return all;
  }

  private static Violation maskViolation(Warp warp, int lane, String message) {
    warp.lane = lane;
    return new Violation(Fault.Kind.LANE_MASK, message);
  }

  /** The value of a register that must be the same in all lanes. */
  static int uniform(Warp warp, int lanes, int row) {
    int first = warp.words[row * Warp.LANES + Integer.numberOfTrailingZeros(lanes)];
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      if (warp.words[row * Warp.LANES + Integer.numberOfTrailingZeros(rest)] != first) {
        throw new Violation(
            Fault.Kind.DIVERGENCE, "an operand that must be the same in all lanes is not");
      }
    }
    return first;
  }

  static void spread(Warp warp, int lanes, int row, int value) {
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      warp.words[row * Warp.LANES + Integer.numberOfTrailingZeros(rest)] = value;
    }
  }

  static Instruction decode(Form form) {
    return switch (form.base()) {
      case "shfl" -> shuffle(form);
      case "vote" -> vote(form);
      case "match" -> match(form);
      case "redux" -> reduce(form);
      case "activemask" -> {
        form.finish();
        int target = form.wordTarget(0);
        yield new Instruction(form) {
          @Override
          void execute(Warp warp, int lanes) {
            spread(warp, lanes, target, lanes);
          }
        };
      }
      case "elect" -> elect(form);
      default -> throw form.unknown(form.base());
    };
  }

  /** What waits for the lanes of a member mask. */
  abstract static class Masked extends Instruction {
    private final int mask;

    Masked(Form form, int mask) {
      super(form);
      this.mask = mask;
    }

    @Override
    final int members(Warp warp, int lanes) {
      return Collectives.members(warp, lanes, mask);
    }

    /** The lanes that the mask of a lane names. */
    final int peers(Warp warp, int lane) {
      return warp.words[mask * Warp.LANES + lane];
    }
  }

  /** From which lane a lane reads. */
  @FunctionalInterface
  private interface Route {
    int source(int lane, int step, int segment);
  }

  private static Instruction shuffle(Form form) {
    form.require("sync");
    String mode = form.require("up", "down", "bfly", "idx");
    form.finish();
    int target;
    int inRange = -1;
    if (form.operand(0) instanceof Operand.Pair pair) {
      target = form.target(pair.first(), false).row();
      inRange = form.predicateTarget(pair.second());
    } else {
      target = form.wordTarget(0);
    }
    Route route =
        switch (mode) {
          case "up" -> (lane, step, segment) -> lane - step;
          case "down" -> (lane, step, segment) -> lane + step;
          case "bfly" -> (lane, step, segment) -> lane ^ step;
          default -> (lane, step, segment) -> (lane & segment) | (step & ~segment);
        };
    return new Shuffle(
        form,
        route,
        mode.equals("up"),
        target,
        inRange,
        form.word(1),
        form.word(2),
        form.word(3),
        form.word(4));
  }

  /** {@code shfl.sync}: every lane reads a register of another. */
  private static final class Shuffle extends Masked {
    private final Route route;
    private final boolean upwards;
    private final int target;
    private final int inRange;
    private final int from;
    private final int by;
    private final int clamp;

    Shuffle(
        Form form,
        Route route,
        boolean upwards,
        int target,
        int inRange,
        int from,
        int by,
        int clamp,
        int mask) {
      super(form, mask);
      this.route = route;
      this.upwards = upwards;
      this.target = target * Warp.LANES;
      this.inRange = inRange;
      this.from = from * Warp.LANES;
      this.by = by * Warp.LANES;
      this.clamp = clamp * Warp.LANES;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int[] r = warp.words;
      int reached = 0;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.lane = lane;
        // Bits 8 to 12 of c cut the warp into segments, bits 0 to 4 say where one ends.
        int segment = r[clamp + lane] >>> 8 & 31;
        int end = (lane & segment) | (r[clamp + lane] & 31 & ~segment);
        int source = route.source(lane, r[by + lane] & 31, segment);
        if (upwards ? source >= end : source <= end) {
          reached |= 1 << lane;
        } else {
          source = lane;
        }
        if (((lanes & peers(warp, lane)) >>> source & 1) == 0) {
          throw new Violation(
              Fault.Kind.LANE_MASK, "it reads from lane " + source + ", which does not take part");
        }
        warp.scratch[lane] = r[from + source];
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        r[target + lane] = warp.scratch[lane];
      }
      if (inRange >= 0) {
        Comparisons.write(warp, inRange, lanes, reached);
      }
    }
  }

  private static Instruction vote(Form form) {
    form.require("sync");
    String mode = form.require("all", "any", "uni", "ballot");
    form.finish();
    boolean ballot = mode.equals("ballot");
    int target = ballot ? form.wordTarget(0) : form.predicateTarget(form.operand(0));
    int predicate = form.predicate(1);
    return new Masked(form, form.word(2)) {
      @Override
      void execute(Warp warp, int lanes) {
        int result = 0;
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          int peers = peers(warp, lane);
          int votes = warp.predicates[predicate] & peers;
          if (ballot) {
            warp.words[target * Warp.LANES + lane] = votes;
          }
          boolean holds =
              switch (mode) {
                case "all" -> votes == peers;
                case "any" -> votes != 0;
                default -> votes == peers || votes == 0;
              };
          result |= holds ? 1 << lane : 0;
        }
        if (!ballot) {
          Comparisons.write(warp, target, lanes, result);
        }
      }
    };
  }

  private static Instruction match(Form form) {
    boolean all = form.require("any", "all").equals("all");
    form.require("sync");
    form.finish();
    Type type = form.type();
    int target;
    int same = -1;
    if (form.operand(0) instanceof Operand.Pair pair) {
      target = form.target(pair.first(), false).row();
      same = form.predicateTarget(pair.second());
    } else {
      target = form.wordTarget(0);
    }
    int whether = same;
    Form.Source value = form.source(1, type);
    return new Masked(form, form.word(2)) {
      @Override
      void execute(Warp warp, int lanes) {
        int agreed = 0;
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          int peers = peers(warp, lane);
          int equal = 0;
          for (int others = peers; others != 0; others &= others - 1) {
            int other = Integer.numberOfTrailingZeros(others);
            equal |= value.bits(warp, other) == value.bits(warp, lane) ? 1 << other : 0;
          }
          boolean everybody = equal == peers;
          warp.scratch[lane] = all && !everybody ? 0 : equal;
          agreed |= everybody ? 1 << lane : 0;
        }
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          warp.words[target * Warp.LANES + lane] = warp.scratch[lane];
        }
        if (whether >= 0) {
          Comparisons.write(warp, whether, lanes, agreed);
        }
      }
    };
  }

  /** A joining of two values. */
  @FunctionalInterface
  private interface Join {
    long apply(long a, long b);
  }

  private static Instruction reduce(Form form) {
    form.require("sync");
    String operation = form.require("add", "min", "max", "and", "or", "xor");
    form.finish();
    Type type = form.type();
    Join join = join(operation);
    if (type.isFloat()) {
      throw form.unknown("redux of floats");
    }
    int target = form.wordTarget(0);
    Scalar.Input value = Scalar.input(form, 1, type);
    return new Masked(form, form.word(2)) {
      @Override
      void execute(Warp warp, int lanes) {
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          int others = peers(warp, lane);
          long result = value.bits(warp, Integer.numberOfTrailingZeros(others));
          for (others &= others - 1; others != 0; others &= others - 1) {
            result = join.apply(result, value.bits(warp, Integer.numberOfTrailingZeros(others)));
          }
          warp.scratch[lane] = (int) result;
        }
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          warp.words[target * Warp.LANES + lane] = warp.scratch[lane];
        }
      }
    };
  }

  private static Join join(String operation) {
    return switch (operation) {
      case "add" -> (a, b) -> a + b;
      case "min" -> Math::min;
      case "max" -> Math::max;
      case "and" -> (a, b) -> a & b;
      case "or" -> (a, b) -> a | b;
      default -> (a, b) -> a ^ b;
    };
  }

  private static Instruction elect(Form form) {
    form.require("sync");
    form.finish();
    if (!(form.operand(0) instanceof Operand.Pair pair)) {
      throw form.unknown("needs d|p");
    }
    int target = form.target(pair.first(), false).row();
    int chosen = form.predicateTarget(pair.second());
    return new Masked(form, form.word(1)) {
      @Override
      void execute(Warp warp, int lanes) {
        int leader = Integer.numberOfTrailingZeros(lanes);
        spread(warp, lanes, target, leader);
        Comparisons.write(warp, chosen, lanes, 1 << leader);
      }
    };
  }
}
