package dev.diptych.tensor.io;

import java.io.IOException;

/**
 * A file of tensors that is damaged, of another format than it should be, or without what was
 * looked for in it; the message says what is wrong, where and what to do.
 */
public final class TensorFileException extends IOException {
  private static final long serialVersionUID = 1;

  /** A fault described by {@code message}. */
  public TensorFileException(String message) {
    super(message);
  }

  /** A fault described by {@code message}, found because of {@code cause}. */
  public TensorFileException(String message, Throwable cause) {
    super(message, cause);
  }

  /** What to throw for a name that is not there; the message lists those there are. */
  public static TensorFileException missing(NamedTensors tensors, String name) {
    String names = String.join(", ", tensors.names());
    return new TensorFileException(
        "%s has no tensor '%s'; it has: %s"
            .formatted(
                tensors.file(),
                name,
                names.length() > 500 ? names.substring(0, 500) + " …" : names));
  }
}
