package dev.diptych.kernels.cuda.ptx;

/**
 * What memory, barriers and lanes throw: the what of a {@link Fault}. The warp that runs adds the
 * where.
 */
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Fault.Kind kind;

  Violation(Fault.Kind kind, String message) {
    super(message, null, false, false);
    this.kind = kind;
  }

  Fault.Kind kind() {
    return kind;
  }
}
