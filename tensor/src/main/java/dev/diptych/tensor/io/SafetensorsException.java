package dev.diptych.tensor.io;

import java.io.IOException;

/**
 * A file that is no valid safetensors file; the message says what is wrong, where and what to do.
 */
public final class SafetensorsException extends IOException {
  private static final long serialVersionUID = 1;

  /** A fault described by {@code message}. */
  public SafetensorsException(String message) {
    super(message);
  }

  /** A fault described by {@code message}, found because of {@code cause}. */
  public SafetensorsException(String message, Throwable cause) {
    super(message, cause);
  }
}
