package dev.diptych.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * 32 threads that execute one instruction at a time. Each lane has its own program counter: after a
 * branch that only some take, the lanes that are furthest back in the code go first, until they
 * meet the others. That brings lanes together again where the paths join, without knowing where
 * that is.
 *
 * <p>Lanes that reach a warp-wide instruction wait there for the lanes that its mask names. If
 * those can never come, that is a fault; on the device it would be anything.
 */
final class Warp {
  static final int LANES = 32;

  final Block block;
  final int index;

  /** Registers of up to 32 bits: row times 32 plus lane. 16-bit ones hold zeros above. */
  final int[] words;

  /** Registers of 64 bits. */
  final long[] wides;

  /** Predicates: one bit a lane. */
  final int[] predicates;

  /** For every register, the lanes that something was written to. */
  final int[] wordsDefined;

  final int[] widesDefined;
  final int[] predicatesDefined;

  /** What this warp knows of the others' accesses: see {@link RaceDetector}. */
  final int[] knows;

  /** Asynchronous copies on their way, in the order of issue. */
  final List<AsyncCopies.Flight> flights = new ArrayList<>();

  /** How many groups of asynchronous copies each lane has closed. */
  final int[] groupsClosed = new int[LANES];

  /** Room for warp-wide instructions to work in. */
  final int[] scratch = new int[LANES];

  /** The lane that is being served, for reports. */
  int lane;

  private final Instruction[] code;
  private final int[] counter = new int[LANES];
  private final @Nullable PlainRegion[] local;
  private int alive;
  private int gathering;
  private int atBarrier;
  private int group;
  private int at;
  private long warpInstructions;
  private long laneInstructions;

  Warp(Block block, int index, int threads, Entry entry, Instruction[] code) {
    this.block = block;
    this.index = index;
    this.code = code;
    alive = threads >= LANES ? -1 : (1 << threads) - 1;
    Registers registers = entry.registers();
    Registers.Initial initial = block.launch().registers();
    words = initial.words().clone();
    wides = initial.wides().clone();
    predicates = initial.predicates().clone();
    wordsDefined = new int[registers.words()];
    widesDefined = new int[registers.wides()];
    predicatesDefined = new int[registers.predicates()];
    knows = new int[block.warpCount()];
    local = new PlainRegion[entry.localBytes() > 0 ? LANES : 0];
    registers.specials().forEach((name, row) -> Specials.fill(name, this, row));
  }

  /** The number of the thread in its block, counted along x first. */
  int thread(int ofLane) {
    return index * LANES + ofLane;
  }

  /** The private memory of a lane. */
  PlainRegion local(int ofLane) {
    if (local.length == 0) {
      throw new Violation(Fault.Kind.OUT_OF_BOUNDS, "the kernel has no private memory");
    }
    PlainRegion region = local[ofLane];
    if (region == null) {
      region =
          new PlainRegion(
              "the private memory of thread " + thread(ofLane), block.entry().localBytes());
      local[ofLane] = region;
    }
    return region;
  }

  int alive() {
    return alive;
  }

  boolean finished() {
    return alive == 0;
  }

  /** Whether some lane can go on. */
  boolean ready() {
    return (alive & ~atBarrier & ~gathering) != 0;
  }

  /** Runs until all lanes wait or have ended, at most for {@code limit} instructions. */
  void run(int limit) {
    long end = warpInstructions + limit;
    while (ready() && warpInstructions < end) {
      int next = chooseGroup();
      do {
        Instruction instruction = code[at++];
        int lanes = instruction.guarded(this, group);
        if (lanes != 0) {
          lanes = gathered(instruction, lanes);
          if (lanes != 0) {
            warpInstructions++;
            laneInstructions += Integer.bitCount(lanes);
            lane = Integer.numberOfTrailingZeros(lanes);
            instruction.step(this, lanes);
          }
        }
      } while (group != 0 && at < next && warpInstructions < end);
      for (int rest = group; rest != 0; rest &= rest - 1) {
        counter[Integer.numberOfTrailingZeros(rest)] = at;
      }
    }
    if (alive != 0 && !ready() && gathering != 0) {
      Instruction waiting = code[counter[Integer.numberOfTrailingZeros(gathering)]];
      throw fault(
          waiting,
          Integer.numberOfTrailingZeros(gathering),
          new Violation(
              Fault.Kind.DIVERGENCE,
              String.format(
                  "lanes %08x wait here for lanes that are elsewhere: %s",
                  gathering, whereabouts(waiting))));
    }
  }

  /**
   * Makes the ready lanes that are furthest back the group that runs.
   *
   * @return the place of the next group ahead of it
   */
  private int chooseGroup() {
    int lowest = Integer.MAX_VALUE;
    int next = Integer.MAX_VALUE;
    group = 0;
    for (int rest = alive & ~atBarrier & ~gathering; rest != 0; rest &= rest - 1) {
      int l = Integer.numberOfTrailingZeros(rest);
      int place = counter[l];
      if (place < lowest) {
        next = lowest;
        lowest = place;
        group = 1 << l;
      } else if (place == lowest) {
        group |= 1 << l;
      } else {
        next = Math.min(next, place);
      }
    }
    at = lowest;
    return next;
  }

  private int gathered(Instruction instruction, int lanes) {
    try {
      return gather(instruction, lanes);
    } catch (Violation violation) {
      throw fault(instruction, lane, violation);
    }
  }

  /**
   * For a warp-wide instruction: the lanes that can execute it now, together with those that wait
   * for them; 0 if lanes are still missing, and those that are here now wait.
   */
  private int gather(Instruction instruction, int lanes) {
    int members = instruction.members(this, lanes);
    if (members == 0) {
      return lanes;
    }
    int here = lanes;
    for (int rest = gathering; rest != 0; rest &= rest - 1) {
      int l = Integer.numberOfTrailingZeros(rest);
      if (counter[l] == at - 1) {
        here |= 1 << l;
      }
    }
    members = instruction.members(this, here);
    if ((members & alive & ~here) != 0) {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        counter[Integer.numberOfTrailingZeros(rest)] = at - 1;
      }
      gathering |= lanes;
      group &= ~lanes;
      return 0;
    }
    gathering &= ~here;
    group |= here;
    return here;
  }

  private String whereabouts(Instruction except) {
    StringBuilder text = new StringBuilder();
    for (int rest = alive; rest != 0; rest &= rest - 1) {
      int l = Integer.numberOfTrailingZeros(rest);
      Instruction other = code[counter[l]];
      String at = other + "; ";
      if (!other.equals(except) && text.indexOf(at) < 0) {
        text.append("lane ").append(l).append(" at line ").append(at);
      }
    }
    return text.toString();
  }

  // ---- what instructions do to the course of the warp

  /** Of the group that runs, {@code lanes} go on at {@code target}. */
  void branch(int lanes, int target) {
    if (lanes == group) {
      at = target;
      return;
    }
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int l = Integer.numberOfTrailingZeros(rest);
      counter[l] = (lanes >>> l & 1) != 0 ? target : at;
    }
    group = 0;
  }

  /** Of the group, {@code taken} go on at {@code target}, {@code again} do this once more. */
  void branchSome(int taken, int target, int again) {
    int here = at - 1;
    int others = group & ~taken & ~again;
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int l = Integer.numberOfTrailingZeros(rest);
      boolean stays = (again >>> l & 1) != 0;
      counter[l] = (taken >>> l & 1) != 0 ? target : stays ? here : at;
    }
    if (again == 0 && others == 0) {
      at = target;
    } else {
      group = 0;
    }
  }

  /** {@code lanes} end. */
  void exit(int lanes) {
    alive &= ~lanes;
    group &= ~lanes;
    if (alive == 0) {
      block.warpEnded();
    }
  }

  /** {@code lanes} stop after this instruction until {@link #release}. */
  void waitAtBarrier(int lanes) {
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      counter[Integer.numberOfTrailingZeros(rest)] = at;
    }
    atBarrier |= lanes;
    group &= ~lanes;
  }

  /** The barrier is complete. */
  void release() {
    atBarrier = 0;
  }

  // ---- reports

  /** Where the first waiting lane is, for the report of a deadlock. */
  String waitingAt() {
    return String.valueOf(code[Math.max(0, counter[Integer.numberOfTrailingZeros(alive)] - 1)]);
  }

  int waitingLine() {
    return code[Math.max(0, counter[Integer.numberOfTrailingZeros(alive)] - 1)].line();
  }

  /** The report of what {@code lane} did wrong at {@code instruction}. */
  Fault fault(Instruction instruction, int ofLane, Violation violation) {
    Extent thread = block.launch().blockExtent().at(thread(ofLane));
    return new Fault(
        violation.kind(),
        instruction.line(),
        String.format(
            "%s in kernel %s, PTX line %s%n  %s%n  block %s, thread %s (warp %d, lane %d)",
            violation.kind(),
            block.entry().name(),
            instruction,
            violation.getMessage(),
            block.place(),
            thread,
            index,
            ofLane));
  }

  long warpInstructions() {
    return warpInstructions;
  }

  long laneInstructions() {
    return laneInstructions;
  }
}
