package dev.diptych.clip;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Where other people's pictures are that some tests read: the system property {@code diptych.data},
 * by default {@code ../shared/data} beside the checkout. They are not part of the sources; without
 * them the tests that need them are skipped, and say so.
 */
public final class SharedData {
  private SharedData() {}

  /** The folder of that name among the data; ends the test as skipped if it is not there. */
  public static Path folder(String name) {
    Path root = Path.of(System.getProperty("diptych.data", "../../shared/data"));
    Path folder = root.resolve(name);
    if (!Files.isDirectory(folder)) {
      System.err.println(
          "TESTS ON REAL PICTURES SKIPPED: there is no "
              + folder.toAbsolutePath().normalize()
              + "; say where the pictures are with -Ddiptych.data=FOLDER");
    }
    Assumptions.assumeTrue(Files.isDirectory(folder), () -> "no pictures at " + folder);
    return folder;
  }
}
