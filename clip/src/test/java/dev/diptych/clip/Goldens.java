package dev.diptych.clip;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Where the recorded outputs of the original CLIP are: the system property {@code diptych.golden},
 * by default {@code ../shared/golden} beside the checkout. They are not part of the sources;
 * without them the tests that need them are skipped, and say so.
 */
public final class Goldens {
  private Goldens() {}

  /** The folder of that name among the goldens; ends the test as skipped if it is not there. */
  public static Path folder(String name) {
    Path root = Path.of(System.getProperty("diptych.golden", "../../shared/golden"));
    Path folder = root.resolve(name);
    if (!Files.isDirectory(folder)) {
      System.err.println(
          "GOLDEN TESTS SKIPPED: there is no "
              + folder.toAbsolutePath().normalize()
              + "; say where the goldens are with -Ddiptych.golden=FOLDER");
    }
    Assumptions.assumeTrue(Files.isDirectory(folder), () -> "no goldens at " + folder);
    return folder;
  }
}
