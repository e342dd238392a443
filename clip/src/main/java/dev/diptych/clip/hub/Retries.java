package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;

/**
 * How often something that failed is tried again: after 1, 2, 4 and 8 s, or as long as the server
 * asks for. What gets further each time is tried for longer.
 */
final class Retries {
  static final int IN_A_ROW = 5;
  private static final int IN_ALL = 100;
  private static final Duration LONGEST = Duration.ofMinutes(5);

  /** Waits; tests do not. */
  @FunctionalInterface
  interface Sleeper {
    /** Waits that long. */
    void sleep(Duration time) throws InterruptedException;
  }

  /** A failure that may pass, such as 503; {@code after} is when the server wants to be asked. */
  static final class Passing extends IOException {
    private static final long serialVersionUID = 1;
    final Duration after;

    Passing(String message, Duration after) {
      super(message);
      this.after = after;
    }
  }

  private final String what;
  private final Sleeper sleeper;
  private int inRow;
  private int inAll;

  /** Tries of {@code what}, named in the error. */
  Retries(String what, Sleeper sleeper) {
    this.what = what;
    this.sleeper = sleeper;
  }

  /** Something was gained: failures in a row start anew. */
  void gained() {
    inRow = 0;
  }

  /**
   * Waits before the next try.
   *
   * @throws UserException if it has been tried often enough
   */
  void failed(IOException cause) {
    inRow++;
    inAll++;
    Duration wait =
        cause instanceof Passing passing && passing.after.isPositive()
            ? passing.after
            : Duration.ofSeconds(1L << (inRow - 1));
    if (inRow >= IN_A_ROW || inAll >= IN_ALL || wait.compareTo(LONGEST) > 0) {
      throw new UserException(
          "%s: %s%s; what is there is kept: the same command goes on from there"
              .formatted(
                  what,
                  reason(cause),
                  wait.compareTo(LONGEST) > 0
                      ? ", and asks for " + wait.toSeconds() + " s of patience"
                      : " (tried " + inAll + " times)"),
          cause);
    }
    try {
      sleeper.sleep(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException(what + ": interrupted", e);
    }
  }

  private static String reason(IOException cause) {
    return switch (cause) {
      case UnknownHostException unknown -> "no server of this name: " + unknown.getMessage();
      case ConnectException refused ->
          "the server cannot be reached (a proxy is named to Java, --offline uses the cache alone)";
      default -> UserException.reason(cause);
    };
  }
}
