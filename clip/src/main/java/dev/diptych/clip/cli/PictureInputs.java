package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.DataSource;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.embed.PictureEmbedder;
import dev.diptych.clip.report.ProgressLine;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Pictures named on a command line, of files, folders and shards together, in one stream, so that
 * batches are full. In folders and shards some may be unreadable; those that were named one by one
 * may not, but the others are read first.
 */
final class PictureInputs {
  private final IndexedSource source;
  private final int named;

  /** Those of the pictures named one by one that have not been read. */
  private final Set<Example> missing = Collections.newSetFromMap(new IdentityHashMap<>());

  private long read;

  private PictureInputs(IndexedSource source, List<Example> named) {
    this.source = source;
    this.named = named.size();
    missing.addAll(named);
  }

  /**
   * Finds the pictures of {@code specs}, as {@link DataSource#openPictures} understands them.
   *
   * @throws UserException if one of them is not there, or holds no picture
   */
  static PictureInputs open(List<String> specs, BadLimit limit) {
    List<Example> all = new ArrayList<>();
    List<Integer> named = new ArrayList<>();
    for (String spec : specs) {
      IndexedSource source = DataSource.openPictures(spec, limit);
      if (isPictureFile(spec, source)) {
        named.add(all.size());
      }
      all.addAll(source.examples());
    }
    String name = specs.size() == 1 ? specs.getFirst() : "the pictures";
    IndexedSource joined = IndexedSource.of(name, all, limit);
    return new PictureInputs(joined, named.stream().map(joined::example).toList());
  }

  private static boolean isPictureFile(String spec, IndexedSource source) {
    return source.size() == 1
        && source.example(0).key().equals(spec)
        && Files.exists(Path.of(spec))
        && !Files.isDirectory(Path.of(spec));
  }

  /**
   * Embeds them in their order.
   *
   * @param told is told how far it is, or null
   * @param sink takes each picture that could be read, on the calling thread
   */
  void embed(
      Diptych model,
      int batchSize,
      @Nullable PrintStream told,
      Consumer<? super PictureEmbedder.Embedded> sink) {
    if (told == null) {
      embed(model, batchSize, sink);
      return;
    }
    try (ProgressLine progress =
        ProgressLine.items(told, "classifying", source.size(), "pictures")) {
      embed(
          model,
          batchSize,
          one -> {
            sink.accept(one);
            progress.add(1);
          });
    }
  }

  private void embed(
      Diptych model, int batchSize, Consumer<? super PictureEmbedder.Embedded> sink) {
    try (PictureEmbedder embedder =
        new PictureEmbedder(model, PictureEmbedder.Output.EMBEDDING, batchSize)) {
      embedder.embed(
          source.examples(),
          source.bad(),
          one -> {
            sink.accept(one);
            missing.remove(one.example());
            read++;
          });
    }
  }

  /**
   * Refuses, when all has been embedded, what was not read and should have been.
   *
   * @throws UserException if a picture that was named could not be read, or too many others
   */
  void check() {
    if (!missing.isEmpty()) {
      throw new UserException(
          "%,d of %,d pictures that were named could not be read:%n  %s"
              .formatted(missing.size(), named, source.bad().firstFew()));
    }
    source.bad().check(read);
  }
}
