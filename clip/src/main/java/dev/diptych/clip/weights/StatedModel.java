package dev.diptych.clip.weights;

import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.UserException;
import dev.diptych.kernels.gelu.Activation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * What a configuration beside a checkpoint says of the model.
 *
 * @param config the architecture
 * @param file the configuration
 */
record StatedModel(ClipConfig config, Path file) {
  /** What the configuration that belongs to {@code layout} says, or null if there is none. */
  static @Nullable StatedModel beside(Path folder, Layout layout) throws IOException {
    return switch (layout) {
      case HUGGING_FACE -> huggingFace(folder);
      case OPENAI, CUSTOM_TEXT -> openClip(folder);
    };
  }

  private static @Nullable StatedModel huggingFace(Path folder) throws IOException {
    Path file = folder.resolve(HuggingFaceConfig.FILE);
    return Files.exists(file)
        ? new StatedModel(HuggingFaceConfig.read(json(file), file), file)
        : null;
  }

  private static @Nullable StatedModel openClip(Path folder) throws IOException {
    Path file = folder.resolve(OpenClipConfig.FILE);
    return Files.exists(file) ? new StatedModel(OpenClipConfig.read(json(file), file), file) : null;
  }

  Activation activation() {
    return config.activation();
  }

  /**
   * Reads a configuration.
   *
   * @throws UserException if it is not JSON
   */
  static JsonNode json(Path file) throws IOException {
    try {
      return new ObjectMapper().readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw new UserException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** The side of the square pictures, which some files give as height and width. */
  static int side(JsonNode size, int otherwise, Path file) {
    if (size.isArray() && size.size() == 2 && size.get(0).asInt(0) == size.get(1).asInt(0)) {
      return size.get(0).asInt(otherwise);
    }
    if (size.isArray()) {
      throw new UserException(
          "%s: pictures of %s are not square; no CLIP here reads those".formatted(file, size));
    }
    return size.asInt(otherwise);
  }
}
