package dev.diptych.kernels.doctor;

/** A kernel wrote something else than the reference. */
public final class GpuMismatch extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A mismatch, in words. */
  public GpuMismatch(String message) {
    super(message);
  }
}
