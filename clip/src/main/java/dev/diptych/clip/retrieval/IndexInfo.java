package dev.diptych.clip.retrieval;

import dev.diptych.clip.UserException;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an index says of itself, in {@code index.json}.
 *
 * @param format of the folder; this version writes {@value #FORMAT}
 * @param model where the model lay that made the vectors
 * @param vocabulary where its vocabulary lay, or ""
 * @param activation of the model, which not every checkpoint tells; null in indexes made before it
 *     was kept
 * @param fingerprint of the model's weights, see {@link dev.diptych.clip.Clip#fingerprint}
 * @param width of the vectors, D
 */
public record IndexInfo(
    int format,
    String model,
    String vocabulary,
    @Nullable Activation activation,
    String fingerprint,
    int width) {
  static final int FORMAT = 1;

  private static final String FILE = "index.json";
  private static final JsonMapper JSON = new JsonMapper();

  /** Refuses what no index says. */
  public IndexInfo {
    if (model == null || vocabulary == null || fingerprint == null || width < 1) {
      throw new IllegalArgumentException("model, vocabulary, fingerprint or width is missing");
    }
  }

  static boolean isIndex(Path folder) {
    return Files.exists(folder.resolve(FILE));
  }

  static IndexInfo read(Path folder) {
    Path file = folder.resolve(FILE);
    IndexInfo info;
    try {
      info = JSON.readValue(Files.readString(file), IndexInfo.class);
    } catch (NoSuchFileException e) {
      throw new UserException(
          folder + " is no index: it has no index.json; make one with ./diptych index", e);
    } catch (IOException e) {
      throw new UserException(file + ": cannot be read: " + UserException.reason(e), e);
    } catch (JacksonException e) {
      throw new UserException(
          file + " is damaged: " + e.getOriginalMessage() + "; make the index again", e);
    }
    if (info.format() != FORMAT) {
      throw new UserException(
          "%s has the format %d, this version reads %d: make the index again with --rebuild"
              .formatted(file, info.format(), FORMAT));
    }
    return info;
  }

  void write(Path folder) throws IOException {
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
    AtomicFile.writeText(folder.resolve(FILE), new String(json, StandardCharsets.UTF_8) + "\n");
  }

  /**
   * Refuses another model than the one that made the vectors: similarities would mean nothing.
   *
   * @throws UserException if the fingerprints differ
   */
  void requireModel(Path folder, String otherModel, String otherFingerprint) {
    if (!fingerprint.equals(otherFingerprint)) {
      throw new UserException(
          ("%s was made with the model %s, whose weights differ from those of %s: use the same"
                  + " model, or make the index again with --rebuild")
              .formatted(folder, model, otherModel));
    }
  }
}
