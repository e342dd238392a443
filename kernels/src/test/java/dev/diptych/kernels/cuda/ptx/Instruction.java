package dev.diptych.kernels.cuda.ptx;

import java.util.Arrays;

/**
 * One instruction, decoded: its operands are row numbers, and {@link #execute} does for all lanes
 * of a warp what it says. Which registers it reads and writes is known here, so that the warp can
 * see to it that nothing unwritten is read, whatever the instruction.
 */
abstract class Instruction {
  private final int line;
  private final String text;
  private final int guard;
  private final boolean guardNegated;
  private final boolean passesOn;
  private final int[] wordReads;
  private final int[] wideReads;
  private final int[] predicateReads;
  private final int[] wordWrites;
  private final int[] wideWrites;
  private final int[] predicateWrites;

  Instruction(Form form) {
    line = form.line();
    text = form.text();
    guard = form.guard();
    guardNegated = form.guardNegated();
    passesOn = form.passesOn();
    wordReads = form.wordReads();
    wideReads = form.wideReads();
    predicateReads = form.predicateReads();
    wordWrites = form.wordWrites();
    wideWrites = form.wideWrites();
    predicateWrites = form.predicateWrites();
  }

  /** Does its work for the lanes whose bits are set, of which there is at least one. */
  abstract void execute(Warp warp, int lanes);

  /**
   * The lanes that must be at this instruction together: all those named by its member mask, or the
   * whole warp for an aligned one. 0 for an instruction that each lane executes by itself.
   */
  int members(Warp warp, int lanes) {
    return 0;
  }

  /** The smallest piece of shared memory that it touches, in bytes; 16 if none. */
  int sharedGranule() {
    return 16;
  }

  /** The lanes of {@code group} whose guard lets them execute. */
  final int guarded(Warp warp, int group) {
    if (guard < 0) {
      return group;
    }
    int unknown = group & ~warp.predicatesDefined[guard];
    if (unknown != 0) {
      throw warp.fault(
          this,
          Integer.numberOfTrailingZeros(unknown),
          new Violation(Fault.Kind.UNINITIALISED, "its guard was never set"));
    }
    int value = warp.predicates[guard];
    return group & (guardNegated ? ~value : value);
  }

  /** Refuses to read what nothing was written to, executes, and notes what is now written. */
  final void step(Warp warp, int lanes) {
    int known = lanes;
    for (int row : wordReads) {
      known &= warp.wordsDefined[row];
    }
    for (int row : wideReads) {
      known &= warp.widesDefined[row];
    }
    for (int row : predicateReads) {
      known &= warp.predicatesDefined[row];
    }
    if (known != lanes && !passesOn) {
      throw warp.fault(
          this,
          Integer.numberOfTrailingZeros(lanes & ~known),
          new Violation(
              Fault.Kind.UNINITIALISED, "it reads a register that nothing was written to"));
    }
    try {
      execute(warp, lanes);
    } catch (Violation violation) {
      throw warp.fault(this, warp.lane, violation);
    } catch (ArithmeticException e) {
      throw warp.fault(
          this,
          Integer.numberOfTrailingZeros(lanes),
          new Violation(Fault.Kind.ARITHMETIC, "integer division by zero"));
    }
    for (int row : wordWrites) {
      warp.wordsDefined[row] = (warp.wordsDefined[row] & ~lanes) | known;
    }
    for (int row : wideWrites) {
      warp.widesDefined[row] = (warp.widesDefined[row] & ~lanes) | known;
    }
    for (int row : predicateWrites) {
      warp.predicatesDefined[row] = (warp.predicatesDefined[row] & ~lanes) | known;
    }
  }

  /** The line of the PTX text, counted from 1. */
  final int line() {
    return line;
  }

  /** As it stands in the PTX. */
  final String text() {
    return text;
  }

  @Override
  public final String toString() {
    return line + ": " + text;
  }

  static int[] rows(java.util.List<Integer> rows) {
    int[] result = new int[rows.size()];
    Arrays.setAll(result, rows::get);
    return result;
  }
}
