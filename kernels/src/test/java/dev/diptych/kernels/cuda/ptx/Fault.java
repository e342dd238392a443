package dev.diptych.kernels.cuda.ptx;

/**
 * A kernel did what it must not do: the report says what, in which kernel, on which line of the
 * PTX, in which block and thread.
 */
public final class Fault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** An address outside any allocation, or an access across the end of one. */
    OUT_OF_BOUNDS,
    /** A read of memory or of a register that nothing was written to. */
    UNINITIALISED,
    /** An address that is not a multiple of what the access needs. */
    MISALIGNED,
    /** Memory was touched while an asynchronous copy into it was still under way. */
    NOT_WAITED_FOR,
    /** Two threads touched the same shared memory, one of them writing, with nothing between. */
    RACE,
    /** Every warp waits for another. */
    DEADLOCK,
    /** The mask of a warp-wide instruction and the lanes that execute it do not fit. */
    LANE_MASK,
    /** Lanes of one warp came to different warp-wide or block-wide instructions. */
    DIVERGENCE,
    /** A block ran far longer than any kernel should. */
    STEP_LIMIT,
    /** An integer division by zero. */
    ARITHMETIC,
    /** A trap instruction, as a failed assertion has. */
    TRAP,
    /** The launch itself asks for what no device offers. */
    BAD_LAUNCH
  }

  private final Kind kind;
  private final int line;

  Fault(Kind kind, int line, String report) {
    super(report);
    this.kind = kind;
    this.line = line;
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }

  /** The line of the PTX text, counted from 1; 0 where no single line is to blame. */
  public int line() {
    return line;
  }
}
