package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.retrieval.IndexInfo;
import dev.diptych.clip.retrieval.PictureIndex;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds the model again that made an index. */
final class IndexedModel {
  private IndexedModel() {}

  /**
   * The model that the index names, or the one that is given, which must have the same weights.
   *
   * @throws dev.diptych.clip.UserException if it is not there, or is another one
   */
  static Diptych load(PictureIndex index, @Nullable Path model, @Nullable Path vocabulary) {
    IndexInfo info = index.info();
    Path found = model == null ? Path.of(info.model()) : model;
    Path words = vocabulary;
    if (words == null && model == null && !info.vocabulary().isEmpty()) {
      words = Path.of(info.vocabulary());
    }
    Diptych loaded = Diptych.load(found, words);
    try {
      index.requireModel(loaded, found.toString());
      return loaded;
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }
}
