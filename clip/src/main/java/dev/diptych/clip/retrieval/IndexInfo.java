package dev.diptych.clip.retrieval;

import dev.diptych.clip.JsonFile;
import dev.diptych.clip.UserException;
import dev.diptych.kernels.gelu.Activation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

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
      info = JsonFile.read(file, IndexInfo.class, "is damaged: %s; make the index again");
    } catch (NoSuchFileException e) {
      throw new UserException(
          folder + " is no index: it has no index.json; make one with ./diptych index", e);
    }
    if (info.format() != FORMAT) {
      throw new UserException(
          "%s has the format %d, this version reads %d: make the index again with --rebuild"
              .formatted(file, info.format(), FORMAT));
    }
    return info;
  }

  void write(Path folder) throws IOException {
    JsonFile.write(folder.resolve(FILE), this);
  }

  /**
   * Refuses another model than the one that made the vectors: similarities would mean nothing.
   *
   * @throws UserException if the fingerprints differ
   */
  void requireModel(
      Path folder, String otherModel, Activation otherActivation, String otherFingerprint) {
    if (fingerprint.equals(otherFingerprint)) {
      return;
    }
    if (activation != null && activation != otherActivation) {
      throw new UserException(
          ("%s was made with the model %s and the activation %s, now it is %s: leave --activation"
                  + " out, or make the index again with --rebuild")
              .formatted(folder, model, lower(activation), lower(otherActivation)));
    }
    throw new UserException(
        ("%s was made with the model %s, whose weights differ from those of %s: use the same model,"
                + " or make the index again with --rebuild")
            .formatted(folder, model, otherModel));
  }

  private static String lower(Activation name) {
    return name.name().toLowerCase(Locale.ROOT);
  }
}
