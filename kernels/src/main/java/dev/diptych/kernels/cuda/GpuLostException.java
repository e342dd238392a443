package dev.diptych.kernels.cuda;

/**
 * A kernel or the GPU itself failed in a way after which nothing more can be computed on it in this
 * process.
 */
public final class GpuLostException extends GpuException {
  private static final long serialVersionUID = 1L;

  /** An error with a message. */
  public GpuLostException(String message) {
    super(message);
  }

  /** An error with a message and what it came from. */
  public GpuLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
