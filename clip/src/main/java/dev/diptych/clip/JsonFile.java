package dev.diptych.clip;

import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Files of JSON that say what lies beside them, written for people to read as well. */
public final class JsonFile {
  private JsonFile() {}

  /** {@code value} over several lines, with a line break at the end. */
  public static String text(Object value) {
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
  }

  /** Writes {@link #text} to {@code file}, whole or not at all. */
  public static void write(Path file, Object value) throws IOException {
    AtomicFile.writeText(file, text(value));
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @param damaged what to say of a file that does not hold a {@code type}, after its name, with
   *     {@code %s} for the reason
   * @throws NoSuchFileException if there is no such file
   * @throws UserException if it cannot be read, or is damaged
   */
  public static <T> T read(Path file, Class<T> type, String damaged) throws NoSuchFileException {
    try {
      return JsonMapper.shared().readValue(Files.readString(file), type);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException e) {
      throw new UserException(file + ": cannot be read: " + UserException.reason(e), e);
    } catch (JacksonException e) {
      throw new UserException(file + " " + damaged.formatted(e.getOriginalMessage()), e);
    }
  }
}
