package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.retrieval.IndexInfo;
import dev.diptych.clip.retrieval.PictureIndex;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Finds the model again that made an index: from what the index says, and options over it. */
final class IndexedModel extends ModelSettings {
  @Option(
      names = "--model",
      description = "the model, if it is no longer where it was when the index was made")
  private @Nullable Path model;

  /** Where the model of {@code index} is. */
  Path path(PictureIndex index) {
    return model == null ? Path.of(index.info().model()) : model;
  }

  /**
   * The model that the index names, or the one that is given, which must have the same weights.
   *
   * @throws dev.diptych.clip.UserException if it is not there, or is another one
   */
  Diptych load(PictureIndex index) {
    IndexInfo info = index.info();
    Path words = vocabulary();
    if (words == null && model == null && !info.vocabulary().isEmpty()) {
      words = Path.of(info.vocabulary());
    }
    Diptych loaded =
        Diptych.load(path(index), words, activation() == null ? info.activation() : activation());
    try {
      index.requireModel(loaded, path(index).toString());
      return loaded;
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }
}
