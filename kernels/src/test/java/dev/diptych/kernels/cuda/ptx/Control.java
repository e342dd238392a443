package dev.diptych.kernels.cuda.ptx;

import java.util.List;

/** What changes where a warp goes: branches, ends, and barriers. */
final class Control {
  private Control() {}

  static Instruction branch(Form form) {
    form.take("uni");
    form.finish();
    if (form.operand(0) instanceof Operand.Label label) {
      int target = label.target();
      return new Instruction(form) {
        @Override
        void execute(Warp warp, int lanes) {
          warp.branch(lanes, target);
        }
      };
    }
    throw form.unknown("no such label");
  }

  /** {@code brx.idx}: a switch, its targets in a table. */
  static Instruction branchByIndex(Form form, List<Integer> targets) {
    form.require("idx");
    form.take("uni");
    form.finish();
    int index = form.word(0);
    return new Instruction(form) {
      @Override
      void execute(Warp warp, int lanes) {
        // One target a step: those that stay behind come here again.
        int first = warp.words[index * Warp.LANES + Integer.numberOfTrailingZeros(lanes)];
        if (first < 0 || first >= targets.size()) {
          throw new Violation(
              Fault.Kind.OUT_OF_BOUNDS, "branch " + first + " of " + targets.size());
        }
        int same = 0;
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          same |= warp.words[index * Warp.LANES + lane] == first ? 1 << lane : 0;
        }
        warp.branchSome(same, targets.get(first), lanes & ~same);
      }
    };
  }

  static Instruction exit(Form form) {
    form.take("uni");
    form.finish();
    return new Instruction(form) {
      @Override
      void execute(Warp warp, int lanes) {
        warp.exit(lanes);
      }
    };
  }

  static Instruction trap(Form form) {
    form.finish();
    return new Instruction(form) {
      @Override
      void execute(Warp warp, int lanes) {
        throw new Violation(Fault.Kind.TRAP, "the kernel gives up");
      }
    };
  }

  /** What a single machine that runs warps in turn need not do: fences, hints. */
  static Instruction nothing(Form form) {
    return new Instruction(form) {
      @Override
      void execute(Warp warp, int lanes) {}
    };
  }

  static Instruction fence(Form form) {
    form.takeOneOf("sc", "acq_rel", "acquire", "release");
    form.takeOneOf("cta", "cluster", "gpu", "sys", "gl");
    return nothing(form.finish());
  }

  /** {@code bar} and {@code barrier}: of the block, or of the warp. */
  static Instruction barrier(Form form) {
    if (form.take("warp")) {
      form.require("sync");
      form.finish();
      return new WarpBarrier(form, form.word(0));
    }
    form.take("cta");
    form.take("aligned");
    String action = form.require("sync", "arrive", "red");
    if (action.equals("red")) {
      return reduction(form);
    }
    form.finish();
    int number = form.word(0);
    int threads = form.count() > 1 ? form.word(1) : -1;
    return new BlockBarrier(form, number, threads, action.equals("sync"));
  }

  private static class BlockBarrier extends Instruction {
    private final int number;
    private final int threads;
    private final boolean stays;

    BlockBarrier(Form form, int number, int threads, boolean stays) {
      super(form);
      this.number = number;
      this.threads = threads;
      this.stays = stays;
    }

    @Override
    int members(Warp warp, int lanes) {
      return warp.alive();
    }

    @Override
    void execute(Warp warp, int lanes) {
      int of = threads < 0 ? Barrier.ALL : Collectives.uniform(warp, lanes, threads);
      barrier(warp, lanes).arrive(warp, lanes, of, stays);
    }

    final Barrier barrier(Warp warp, int lanes) {
      return warp.block.barrier(Collectives.uniform(warp, lanes, number));
    }
  }

  private static Instruction reduction(Form form) {
    String kind = form.require("popc", "and", "or");
    form.finish();
    boolean counts = kind.equals("popc");
    int target = counts ? form.wordTarget(0) : form.predicateTarget(form.operand(0));
    boolean limited = form.count() > 3;
    int vote = form.predicate(limited ? 3 : 2);
    return new ReducingBarrier(form, kind, form.word(1), limited ? form.word(2) : -1, target, vote);
  }

  /** A barrier that counts for how many threads of the block a predicate holds. */
  private static final class ReducingBarrier extends BlockBarrier {
    private final String kind;
    private final int target;
    private final int vote;

    ReducingBarrier(Form form, String kind, int number, int threads, int target, int vote) {
      super(form, number, threads, true);
      this.kind = kind;
      this.target = target;
      this.vote = vote;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int votes = Integer.bitCount(warp.predicates[vote] & lanes);
      barrier(warp, lanes)
          .add(
              new Barrier.Reduction() {
                @Override
                public int votes() {
                  return votes;
                }

                @Override
                public int lanes() {
                  return Integer.bitCount(lanes);
                }

                @Override
                public void finish(int all, int of) {
                  if (kind.equals("popc")) {
                    Collectives.spread(warp, lanes, target, all);
                  } else {
                    boolean holds = kind.equals("and") ? all == of : all > 0;
                    Comparisons.write(warp, target, lanes, holds ? -1 : 0);
                  }
                }
              });
      super.execute(warp, lanes);
    }
  }

  /** {@code bar.warp.sync}: orders the accesses of the lanes of a warp. */
  private static final class WarpBarrier extends Instruction {
    private final int mask;

    WarpBarrier(Form form, int mask) {
      super(form);
      this.mask = mask;
    }

    @Override
    int members(Warp warp, int lanes) {
      return Collectives.members(warp, lanes, mask);
    }

    @Override
    void execute(Warp warp, int lanes) {
      warp.knows[warp.index] = warp.block.races().tick();
    }
  }
}
