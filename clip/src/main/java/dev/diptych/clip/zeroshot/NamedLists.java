package dev.diptych.clip.zeroshot;

import dev.diptych.clip.Resources;
import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Lists of texts, one a line: those that come with the program by name, others in files. */
final class NamedLists {
  private NamedLists() {}

  /** The list {@code name}, which is known to exist, in the resources below {@code folder}. */
  static List<String> named(String folder, String name) {
    return Resources.lines(NamedLists.class, folder + "/" + name + ".txt");
  }

  /**
   * The lines of a file in UTF-8, without white space around them; empty ones are left out.
   *
   * @param what stands in a line, for messages
   * @param known names that would have been understood as well, or none
   * @throws UserException if there is no such file, it is not UTF-8, or it holds nothing
   */
  static List<String> read(Path file, String what, List<String> known) {
    String expected =
        known.isEmpty()
            ? "expected a text file with one %s a line".formatted(what)
            : "expected %s, or a text file with one %s a line"
                .formatted(String.join(", ", known), what);
    List<String> lines;
    try {
      lines =
          Files.readAllLines(file).stream().map(String::strip).filter(l -> !l.isEmpty()).toList();
    } catch (NoSuchFileException e) {
      throw new UserException(file + ": there is no such file; " + expected, e);
    } catch (CharacterCodingException e) {
      throw new UserException(file + ": is not UTF-8; " + expected, e);
    } catch (IOException e) {
      throw new UserException(file + ": cannot be read: " + UserException.reason(e), e);
    }
    if (lines.isEmpty()) {
      throw new UserException(file + ": holds no " + what + "; expected one a line");
    }
    return lines;
  }

  /** {@code name} as a path. */
  static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new UserException(name.replace('\0', '?') + ": is no path: " + e.getReason(), e);
    }
  }
}
