package dev.diptych.clip.embed;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadReason;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a folder of embeddings will hold, in {@code manifest.json}: written before the first part,
 * and never changed.
 *
 * @param version of the folder's layout; this one writes {@value #VERSION}
 * @param model where the model lay
 * @param fingerprint of its weights, see {@link dev.diptych.clip.Clip#fingerprint}
 * @param imageWidth numbers in a row of a picture, 0 if there are none
 * @param textWidth numbers in a row of a text, 0 if there are none
 * @param options by their names on the command line
 * @param inputs in their order
 * @param parts in their order
 */
record EmbedManifest(
    int version,
    String model,
    String fingerprint,
    int imageWidth,
    int textWidth,
    Map<String, String> options,
    List<Listed> inputs,
    List<Part> parts) {
  static final int VERSION = 1;

  private static final String FILE = "manifest.json";
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * An input, and how many of its records were left out when it was listed.
   *
   * @param name a file or folder
   * @param bad by reason
   */
  record Listed(String name, Map<BadReason, Long> bad) {
    Listed {
      if (name == null || bad == null) {
        throw new IllegalArgumentException("name or bad is missing");
      }
    }
  }

  /**
   * What goes into one set of files.
   *
   * @param input the number of the input, from 0 on
   * @param from the first of its records
   * @param to one past the last
   * @param digest SHA-256 of what these records are called and of their texts
   */
  record Part(int input, long from, long to, String digest) {
    Part {
      if (input < 0 || from < 0 || to <= from || digest == null) {
        throw new IllegalArgumentException("no part is " + from + " to " + to);
      }
    }

    int size() {
      return (int) (to - from);
    }
  }

  EmbedManifest {
    if (model == null || fingerprint == null || options == null || inputs == null) {
      throw new IllegalArgumentException("model, fingerprint, options or inputs are missing");
    }
    if (parts == null || parts.stream().anyMatch(part -> part.input() >= inputs.size())) {
      throw new IllegalArgumentException("the parts do not fit the inputs");
    }
  }

  /** The manifest of a folder; null if there is none. */
  static @Nullable EmbedManifest read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return null;
    }
    EmbedManifest manifest;
    try {
      manifest = JSON.readValue(Files.readString(file), EmbedManifest.class);
    } catch (IOException e) {
      throw new UserException(file + ": cannot be read: " + UserException.reason(e), e);
    } catch (JacksonException e) {
      throw new UserException(
          file + " is damaged: " + e.getOriginalMessage() + "; embed into another --out", e);
    }
    if (manifest.version() != VERSION) {
      throw new UserException(
          "%s has version %d, known is %d: embed into another --out"
              .formatted(file, manifest.version(), VERSION));
    }
    return manifest;
  }

  void write(Path folder) throws IOException {
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
    AtomicFile.writeText(folder.resolve(FILE), new String(json, StandardCharsets.UTF_8) + "\n");
  }

  /**
   * Refuses to go on with something else than what the folder was begun with.
   *
   * @throws UserException that says what differs
   */
  void requireSame(
      Path folder,
      String otherModel,
      String otherFingerprint,
      Map<String, String> otherOptions,
      List<String> names) {
    String advice = ": use the same, or another --out";
    if (!fingerprint.equals(otherFingerprint)) {
      throw new UserException(
          "%s was begun with the model %s, whose weights differ from those of %s%s"
              .formatted(folder, model, otherModel, advice));
    }
    otherOptions.forEach((name, value) -> {
      String before = options.getOrDefault(name, "");
      if (!before.equals(value)) {
        throw new UserException(
            "%s was begun with --%s %s, now it is %s%s"
                .formatted(folder, name, shown(before), shown(value), advice));
      }
    });
    for (int i = 0; i < Math.max(names.size(), inputs.size()); i++) {
      String before = i < inputs.size() ? inputs.get(i).name() : "";
      String now = i < names.size() ? names.get(i) : "";
      if (!before.equals(now)) {
        throw new UserException(
            "%s was begun with other data: input %d was %s, now it is %s%s"
                .formatted(folder, i + 1, shown(before), shown(now), advice));
      }
    }
  }

  private static String shown(String value) {
    return value.isEmpty() ? "not given" : value;
  }

  /** How many records were left out when the inputs were listed. */
  long badWhenListed() {
    return inputs.stream()
        .flatMap(input -> input.bad().values().stream())
        .mapToLong(Long::longValue)
        .sum();
  }
}
