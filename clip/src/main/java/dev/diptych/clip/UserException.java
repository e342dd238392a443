package dev.diptych.clip;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

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

  /** Why a file could not be read or written, in words for people. */
  public static String reason(IOException exception) {
    return switch (exception) {
      case NoSuchFileException missing -> "there is no file " + missing.getFile();
      case AccessDeniedException denied -> "no permission for " + denied.getFile();
      case FileAlreadyExistsException file -> file.getFile() + " is in the way";
      case NotDirectoryException file -> file.getFile() + " is no folder";
      default ->
          exception.getMessage() == null
              ? exception.getClass().getSimpleName()
              : exception.getMessage();
    };
  }
}
