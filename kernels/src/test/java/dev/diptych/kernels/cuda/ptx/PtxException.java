package dev.diptych.kernels.cuda.ptx;

/** A PTX text that this interpreter cannot read, or an instruction that it does not know. */
public final class PtxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PtxException(int line, String message) {
    super("PTX line " + line + ": " + message);
  }
}
