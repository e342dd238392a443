package dev.diptych.clip.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** Reads the tables that lie beside the classes. */
final class Resources {
  private Resources() {}

  /** The lines of a table, without comments. */
  static List<String> lines(String name) {
    try (InputStream in =
        Objects.requireNonNull(
            Resources.class.getResourceAsStream(name), () -> "no table " + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
