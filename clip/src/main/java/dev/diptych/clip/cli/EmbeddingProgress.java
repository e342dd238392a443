package dev.diptych.clip.cli;

import dev.diptych.clip.report.ProgressLine;
import org.jspecify.annotations.Nullable;

/** Shows a line of progress for each piece of work that says how much it is and what is done. */
final class EmbeddingProgress implements AutoCloseable {
  private final String noun;
  private @Nullable ProgressLine line;

  /** Progress in {@code noun}, in the plural. */
  EmbeddingProgress(String noun) {
    this.noun = noun;
  }

  /** A positive amount, or 0, begins a piece of work; −n says that n of it are done. */
  void tell(long amount) {
    if (amount < 0) {
      if (line != null) {
        line.add(-amount);
      }
      return;
    }
    end();
    line = amount == 0 ? null : ProgressLine.items(System.err, "embedding", amount, noun);
  }

  void end() {
    if (line != null) {
      line.close();
    }
  }

  @Override
  public void close() {
    end();
  }
}
