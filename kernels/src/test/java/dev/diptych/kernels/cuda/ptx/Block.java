package dev.diptych.kernels.cuda.ptx;

/**
 * One block: its shared memory, its barriers, and its warps, which run in turn, each until it has
 * to wait. Which warp runs when is fixed, so that every run is like the last.
 */
final class Block {
  /** The barriers of a block that PTX can name. */
  private static final int BARRIERS = 16;

  /** Instructions after which another warp gets a turn, so that one may wait for another's word. */
  private static final int TURN = 100_000;

  private final Launch launch;
  private final Extent place;
  private final SharedMemory shared;
  private final RaceDetector races;
  private final Warp[] warps;
  private final Barrier[] barriers = new Barrier[BARRIERS];

  Block(Launch launch, Instruction[] code, long number) {
    this.launch = launch;
    place = launch.grid().at(number);
    Entry entry = launch.entry();
    int threads = (int) launch.blockExtent().count();
    warps = new Warp[(threads + Warp.LANES - 1) / Warp.LANES];
    shared = new SharedMemory(entry.shared(), launch.dynamicSharedBytes());
    races = new RaceDetector(shared, entry.sharedGranule(), warps.length);
    for (int i = 0; i < BARRIERS; i++) {
      barriers[i] = new Barrier(this);
    }
    for (int i = 0; i < warps.length; i++) {
      warps[i] = new Warp(this, i, threads - i * Warp.LANES, entry, code);
    }
  }

  /** Runs all threads to their end. */
  void run() {
    boolean moved;
    do {
      moved = false;
      for (Warp warp : warps) {
        if (warp.ready()) {
          warp.run(TURN);
          moved = true;
        }
      }
      if (warpInstructions() > launch.stepLimit()) {
        throw atLarge(
            Fault.Kind.STEP_LIMIT,
            "more than " + launch.stepLimit() + " instructions of warps: an endless loop?");
      }
    } while (moved);
    for (Warp warp : warps) {
      if (!warp.finished()) {
        throw atLarge(Fault.Kind.DEADLOCK, "every warp that has not ended waits");
      }
    }
  }

  private Fault atLarge(Fault.Kind kind, String what) {
    StringBuilder report = new StringBuilder();
    int line = 0;
    for (Warp warp : warps) {
      if (!warp.finished()) {
        line = line == 0 ? warp.waitingLine() : line;
        report.append(String.format("%n    warp %d at %s", warp.index, warp.waitingAt()));
      }
    }
    return new Fault(
        kind,
        line,
        String.format(
            "%s in kernel %s, PTX line %d%n  %s%n  block %s:%s",
            kind, launch.entry().name(), line, what, place, report));
  }

  /** A warp has ended: barriers of the whole block wait for one less. */
  void warpEnded() {
    for (Barrier barrier : barriers) {
      barrier.check();
    }
  }

  /** Threads of the warps that have not ended, counted as the barriers do: in whole warps. */
  int livingThreads() {
    int threads = 0;
    for (Warp warp : warps) {
      threads += warp.finished() ? 0 : Warp.LANES;
    }
    return threads;
  }

  Barrier barrier(int number) {
    if (number < 0 || number >= BARRIERS) {
      throw new Violation(Fault.Kind.BAD_LAUNCH, "barrier " + number + "; there are " + BARRIERS);
    }
    return barriers[number];
  }

  Launch launch() {
    return launch;
  }

  Entry entry() {
    return launch.entry();
  }

  Extent place() {
    return place;
  }

  SharedMemory shared() {
    return shared;
  }

  RaceDetector races() {
    return races;
  }

  int warpCount() {
    return warps.length;
  }

  long warpInstructions() {
    long sum = 0;
    for (Warp warp : warps) {
      sum += warp.warpInstructions();
    }
    return sum;
  }

  long laneInstructions() {
    long sum = 0;
    for (Warp warp : warps) {
      sum += warp.laneInstructions();
    }
    return sum;
  }
}
