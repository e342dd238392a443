package dev.diptych.clip.doctor;

import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** The documents of this package as JSON; names are written_like_this. */
public final class DoctorJson {
  static final JsonMapper MAPPER =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private DoctorJson() {}

  /** {@code value} over several lines, with a line break at the end. */
  public static String text(Object value) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
  }

  /** Writes {@link #text} to {@code file}, whole or not at all. */
  public static void write(Path file, Object value) throws IOException {
    AtomicFile.writeText(file, text(value));
  }
}
