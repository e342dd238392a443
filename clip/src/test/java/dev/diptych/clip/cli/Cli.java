package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Runs commands in this Java machine as the launcher does in its own, and keeps what they print.
 */
final class Cli {
  private Cli() {}

  /** How a command ended and what it printed. */
  record Outcome(int code, String out, String err) {
    /** The command must have succeeded. */
    Outcome succeeded() {
      assertThat(code).as("exit code; printed: %s%s", out, err).isZero();
      return this;
    }

    /** The command must have refused a user's mistake with these words, and no stack trace. */
    Outcome refused(String... words) {
      assertThat(code).as("exit code; printed: %s%s", out, err).isEqualTo(2);
      assertThat(err).contains(words).doesNotContain("\tat ").doesNotContain("Exception");
      return this;
    }
  }

  static Outcome run(Object... args) {
    String[] texts = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      texts[i] = args[i].toString();
    }
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    ByteArrayOutputStream complained = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
    try {
      int code = Main.run(texts);
      return new Outcome(
          code,
          printed.toString(StandardCharsets.UTF_8),
          complained.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }
}
