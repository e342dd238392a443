package dev.diptych.kernels.cuda.ptx;

/**
 * Finds two threads of a block that touch the same shared memory, one of them writing, with nothing
 * that puts one before the other; whether it went wrong this time or not.
 *
 * <p>A clock of the block ticks at every arrival at a barrier. Each granule of memory remembers
 * when it was last written and by whom, and when each warp last read it. Each warp knows, of every
 * warp, up to which tick its accesses lie before everything that comes now: barriers pass this
 * knowledge on (a vector clock, as in FastTrack, Flanagan and Freund 2009). An access conflicts if
 * it finds one by another thread that its warp does not yet know of. Lanes of one warp are threads
 * like any others: between them {@code __syncwarp()} is the barrier.
 *
 * <p>Atomic and volatile accesses do not conflict with one another. Two writes of the same value do
 * not conflict.
 */
final class RaceDetector {
  /** In place of a lane: all lanes of a warp together. */
  static final int WHOLE_WARP = 32;

  private static final int LANE_BITS = 6;
  private static final int ATOMIC = 1 << 16;

  private final int shift;
  private final int warps;
  private final int[] writtenAt;
  private final int[] writer;
  private final int[] writerLine;
  private final int[] readAt;
  private final byte[] readLane;
  private final int[] readLine;
  private final SharedMemory memory;
  private int now = 1;

  /**
   * @param granule the smallest access of the kernel in bytes: finer than this nothing is shared
   */
  RaceDetector(SharedMemory memory, int granule, int warps) {
    this.memory = memory;
    this.warps = warps;
    shift = Integer.numberOfTrailingZeros(granule);
    int granules = (memory.data.length >> shift) + 1;
    writtenAt = new int[granules];
    writer = new int[granules];
    writerLine = new int[granules];
    readAt = new int[granules * warps];
    readLane = new byte[granules * warps];
    readLine = new int[granules];
  }

  /** Ends a stretch of time and returns its number. */
  int tick() {
    return now++;
  }

  /** Thread {@code lane} of {@code warp} reads. */
  void read(Warp warp, int lane, int line, int at, int bytes) {
    int me = warp.index << LANE_BITS | lane;
    for (int g = at >> shift; g <= (at + bytes - 1) >> shift; g++) {
      checkWriter(warp, me, g, false, "read");
      int k = g * warps + warp.index;
      readLane[k] =
          readAt[k] > warp.knows[warp.index] && readLane[k] != lane
              ? (byte) WHOLE_WARP
              : (byte) lane;
      readAt[k] = now;
      readLine[g] = line;
    }
  }

  /**
   * Thread {@code lane} of {@code warp} writes.
   *
   * @param unchanged whether it writes what is there already
   */
  void write(Warp warp, int lane, int line, int at, int bytes, boolean unchanged) {
    int me = warp.index << LANE_BITS | lane;
    for (int g = at >> shift; g <= (at + bytes - 1) >> shift; g++) {
      if (!unchanged) {
        checkWriter(warp, me, g, false, "write");
      }
      checkReaders(warp, lane, g, "write");
      record(me, line, g);
    }
  }

  /** Thread {@code lane} of {@code warp} reads or writes atomically. */
  void atomic(Warp warp, int lane, int line, int at, int bytes) {
    int me = warp.index << LANE_BITS | lane;
    for (int g = at >> shift; g <= (at + bytes - 1) >> shift; g++) {
      checkWriter(warp, me, g, true, "atomic access");
      checkReaders(warp, lane, g, "atomic access");
      record(me | ATOMIC, line, g);
    }
  }

  /** An asynchronous copy of thread {@code lane}, checked when it was issued, has arrived. */
  void arrive(Warp warp, int lane, int line, int at, int bytes) {
    int me = warp.index << LANE_BITS | lane;
    for (int g = at >> shift; g <= (at + bytes - 1) >> shift; g++) {
      record(me, line, g);
    }
  }

  private void record(int who, int line, int granule) {
    writtenAt[granule] = now;
    writer[granule] = who;
    writerLine[granule] = line;
  }

  private void checkWriter(Warp warp, int me, int g, boolean atomic, String access) {
    int other = writer[g];
    int otherWarp = (other & ~ATOMIC) >> LANE_BITS;
    if (writtenAt[g] > warp.knows[otherWarp]
        && (other & ~ATOMIC) != me
        && !(atomic && (other & ATOMIC) != 0)) {
      throw race(warp, g, access, "written by " + name(other & ~ATOMIC), writerLine[g]);
    }
  }

  private void checkReaders(Warp warp, int lane, int g, String access) {
    for (int v = 0; v < warps; v++) {
      int k = g * warps + v;
      if (readAt[k] > warp.knows[v] && (v != warp.index || readLane[k] != lane)) {
        throw race(warp, g, access, "read by " + name(v << LANE_BITS | readLane[k]), readLine[g]);
      }
    }
  }

  private Violation race(Warp warp, int g, String access, String earlier, int line) {
    return new Violation(
        Fault.Kind.RACE,
        String.format(
            "%s by warp %d of what was %s (PTX line %d) with no barrier between: %s",
            access, warp.index, earlier, line, memory.describe(g << shift)));
  }

  private static String name(int thread) {
    int lane = thread & (1 << LANE_BITS) - 1;
    int warp = thread >> LANE_BITS;
    return lane == WHOLE_WARP ? "several lanes of warp " + warp : "warp " + warp + " lane " + lane;
  }

  /** {@code to} learns what {@code from} knows. */
  static void learn(int[] to, int[] from) {
    for (int i = 0; i < to.length; i++) {
      to[i] = Math.max(to[i], from[i]);
    }
  }
}
