package dev.diptych.clip.image;

/**
 * A picture that cannot be read: truncated, corrupt, of an unknown kind, empty or too large. The
 * message names the picture and says what was found; a data loader counts it and goes on.
 */
public final class PictureException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** A picture refused for the reason in {@code message}. */
  public PictureException(String message) {
    super(message);
  }

  /** A picture refused for the reason in {@code message}, found because of {@code cause}. */
  public PictureException(String message, Throwable cause) {
    super(message, cause);
  }
}
