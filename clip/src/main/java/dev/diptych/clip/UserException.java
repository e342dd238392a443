package dev.diptych.clip;

/**
 * A mistake in what the user gave: a file, an option, a data set. The message says what was wrong,
 * where, what was expected, what was found and what to do; the command line prints it alone,
 * without a stack trace, and exits with code 2.
 */
public final class UserException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** A mistake described by {@code message}. */
  public UserException(String message) {
    super(message);
  }

  /** A mistake described by {@code message}, found because of {@code cause}. */
  public UserException(String message, Throwable cause) {
    super(message, cause);
  }
}
