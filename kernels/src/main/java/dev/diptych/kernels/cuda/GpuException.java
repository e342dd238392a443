package dev.diptych.kernels.cuda;

/** The GPU or its driver reported an error; the message says at what and, if known, what to do. */
public class GpuException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with a message. */
  public GpuException(String message) {
    super(message);
  }

  /** An error with a message and what it came from. */
  public GpuException(String message, Throwable cause) {
    super(message, cause);
  }
}
