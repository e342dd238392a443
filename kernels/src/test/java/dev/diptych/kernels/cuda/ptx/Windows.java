package dev.diptych.kernels.cuda.ptx;

/**
 * Generic addresses: shared, private and parameter memory appear in windows of the 64-bit address
 * space, everything else is global. {@code cvta} adds and takes away the start of a window.
 */
final class Windows {
  static final long SHARED = 1L << 40;
  static final long LOCAL = 2L << 40;
  static final long PARAMETERS = 3L << 40;
  private static final long SIZE = 1L << 40;

  /** The kinds of memory that an instruction can name; {@code GENERIC} is none of them. */
  enum Space {
    GENERIC,
    GLOBAL,
    SHARED,
    LOCAL,
    PARAMETERS
  }

  private Windows() {}

  static Space of(long address) {
    if (address >= SHARED && address < SHARED + SIZE) {
      return Space.SHARED;
    }
    if (address >= LOCAL && address < LOCAL + SIZE) {
      return Space.LOCAL;
    }
    if (address >= PARAMETERS && address < PARAMETERS + SIZE) {
      return Space.PARAMETERS;
    }
    return Space.GLOBAL;
  }

  /** What is added to an address of a space to make it generic. */
  static long start(Space space) {
    return switch (space) {
      case SHARED -> SHARED;
      case LOCAL -> LOCAL;
      case PARAMETERS -> PARAMETERS;
      case GENERIC, GLOBAL -> 0;
    };
  }
}
