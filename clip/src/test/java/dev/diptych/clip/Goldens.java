package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
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

  /** Whether every element of {@code found} is within {@code tolerance} of the recorded tensor. */
  public static void assertClose(Safetensors expected, String name, Tensor found, double tolerance)
      throws IOException {
    double[] wanted = expected.doubles(name);
    float[] values = found.toArray();
    assertThat(values).as(name).hasSize(wanted.length);
    for (int i = 0; i < wanted.length; i++) {
      assertThat((double) values[i])
          .as("%s, element %d", name, i)
          .isCloseTo(wanted[i], within(tolerance));
    }
  }
}
