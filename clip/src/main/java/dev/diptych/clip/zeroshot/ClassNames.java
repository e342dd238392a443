package dev.diptych.clip.zeroshot;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Names of classes in a text file in UTF-8, one a line. */
public final class ClassNames {
  private ClassNames() {}

  /**
   * Reads the names, in the order of the lines and without white space around them; empty lines are
   * left out.
   *
   * @throws UserException if there is no such file, it is not UTF-8, or it holds no name
   */
  public static List<String> read(Path file) {
    List<String> names;
    try {
      names =
          Files.readAllLines(file).stream().map(String::strip).filter(l -> !l.isEmpty()).toList();
    } catch (NoSuchFileException e) {
      throw new UserException(
          file + ": there is no such file; expected a text file with one name a line", e);
    } catch (CharacterCodingException e) {
      throw new UserException(
          file + ": is not UTF-8; expected a text file with one name a line", e);
    } catch (IOException e) {
      throw new UserException(file + ": cannot be read: " + UserException.reason(e), e);
    }
    if (names.isEmpty()) {
      throw new UserException(file + ": holds no name; expected one a line");
    }
    return names;
  }
}
