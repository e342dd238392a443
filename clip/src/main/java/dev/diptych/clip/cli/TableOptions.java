package dev.diptych.clip.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How to read CSV and TSV tables: a group of options that commands share. */
final class TableOptions {
  @Option(names = "--csv-separator", description = "default: found out")
  private @Nullable String separator;

  @Option(names = "--csv-img-key", description = "column of the picture's path")
  private @Nullable String imageKey;

  @Option(names = "--csv-caption-key", description = "column of the caption")
  private @Nullable String captionKey;

  @Nullable String separator() {
    return separator;
  }

  @Nullable String imageKey() {
    return imageKey;
  }

  @Nullable String captionKey() {
    return captionKey;
  }
}
