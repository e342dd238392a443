package dev.diptych.clip.report;

import java.io.Console;

/** Whether a person is looking at the output, who can see colours and lines that are rewritten. */
public final class Terminal {
  private Terminal() {}

  /** Whether standard output is a terminal. */
  @SuppressWarnings("SystemConsoleNull") // it is null where output goes to a file or a pipe
  public static boolean isOutput() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }
}
