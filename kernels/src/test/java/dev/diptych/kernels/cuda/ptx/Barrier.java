package dev.diptych.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;

/**
 * A barrier of a block: warps arrive, and when enough have, those that wait go on, knowing of
 * everything that all who arrived did before.
 */
final class Barrier {
  /** In place of a number of threads: all that have not ended. */
  static final int ALL = 0;

  private final Block block;
  private final List<Warp> waiting = new ArrayList<>();
  private final List<Reduction> reductions = new ArrayList<>();
  private final int[] knowledge;
  private int arrived;
  private int expected = -1;

  /** What {@code bar.red} does when the barrier is complete. */
  interface Reduction {
    /** The lanes for which the predicate was true, over all warps. */
    int votes();

    /** How many lanes took part. */
    int lanes();

    /** Hands the result to the warp. */
    void finish(int votes, int lanes);
  }

  Barrier(Block block) {
    this.block = block;
    knowledge = new int[block.warpCount()];
  }

  /**
   * {@code warp} arrives.
   *
   * @param threads how many threads must arrive, or {@link #ALL}
   * @param stays whether the warp waits here
   */
  void arrive(Warp warp, int lanes, int threads, boolean stays) {
    if (threads % Warp.LANES != 0) {
      throw new Violation(
          Fault.Kind.DIVERGENCE, "a barrier of " + threads + " threads, which are no whole warps");
    }
    if (arrived > 0 && expected != threads) {
      throw new Violation(
          Fault.Kind.DIVERGENCE,
          "others wait at this barrier for "
              + count(expected)
              + " threads, not for "
              + count(threads));
    }
    expected = threads;
    arrived += Warp.LANES;
    RaceDetector.learn(knowledge, warp.knows);
    knowledge[warp.index] = block.races().tick();
    if (stays) {
      warp.waitAtBarrier(lanes);
      waiting.add(warp);
    }
    check();
  }

  /** {@code reduction} is finished together with the barrier that its warp arrives at next. */
  void add(Reduction reduction) {
    reductions.add(reduction);
  }

  private static String count(int threads) {
    return threads == ALL ? "all" : String.valueOf(threads);
  }

  /** Completes the barrier if enough have arrived. */
  void check() {
    if (arrived == 0) {
      return;
    }
    int needed = expected == ALL ? block.livingThreads() : expected;
    if (arrived < needed) {
      return;
    }
    int votes = 0;
    int lanes = 0;
    for (Reduction reduction : reductions) {
      votes += reduction.votes();
      lanes += reduction.lanes();
    }
    for (Reduction reduction : reductions) {
      reduction.finish(votes, lanes);
    }
    for (Warp warp : waiting) {
      RaceDetector.learn(warp.knows, knowledge);
      warp.release();
    }
    waiting.clear();
    reductions.clear();
    java.util.Arrays.fill(knowledge, 0);
    arrived = 0;
  }
}
