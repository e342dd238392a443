package dev.diptych.clip.weights;

import dev.diptych.clip.UserException;
import dev.diptych.kernels.gelu.Activation;
import java.nio.file.Path;

/** Activations by the names that checkpoints use. */
final class Activations {
  private Activations() {}

  static Activation byName(String name, Path file) {
    return switch (name) {
      case "quick_gelu" -> Activation.QUICK_GELU;
      case "gelu" -> Activation.GELU;
      default ->
          throw new UserException(
              "%s: the activation '%s' is not known; there are quick_gelu and gelu"
                  .formatted(file, name));
    };
  }

  static String nameOf(Activation activation) {
    return switch (activation) {
      case QUICK_GELU -> "quick_gelu";
      case GELU -> "gelu";
    };
  }
}
