package dev.diptych.clip.cli;

import dev.diptych.clip.embed.Progress;
import dev.diptych.clip.report.ProgressLine;
import org.jspecify.annotations.Nullable;

/** Shows a line of progress for each piece of work in which there is something to do. */
final class EmbeddingProgress implements Progress, AutoCloseable {
  private final String noun;
  private @Nullable ProgressLine line;

  /** Progress in {@code noun}, in the plural. */
  EmbeddingProgress(String noun) {
    this.noun = noun;
  }

  @Override
  public void begin(long total) {
    end();
    line = total == 0 ? null : ProgressLine.items(System.err, "embedding", total, noun);
  }

  @Override
  public void done(long count) {
    if (line != null) {
      line.add(count);
    }
  }

  /** Ends the line of the last piece of work, before something else is printed. */
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
