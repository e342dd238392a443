package dev.diptych.clip.retrieval;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.DataSource;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.embed.PictureEmbedder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongConsumer;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.Lock;
import org.apache.lucene.store.LockObtainFailedException;
import org.apache.lucene.util.Bits;

/**
 * Brings an index up to date with pictures on disk: new and changed ones are embedded, those that
 * are gone from a source are deleted, the others are left alone. Whether a picture has changed is
 * told by the size and the time of its file.
 *
 * <p>What is done is saved every half minute in one step (a commit of Lucene's); a process that is
 * killed loses what came after, and the next run goes on from there. One process at a time can
 * write; readers see the last commit.
 */
public final class PictureIndexer {
  private static final long COMMIT_NANOS = 30_000_000_000L;

  /** What Lucene stores in a vector field. */
  private static final int MAX_WIDTH = 1024;

  private final Path folder;
  private final Diptych model;
  private final IndexInfo info;
  private final int batchSize;

  /**
   * What an update did.
   *
   * @param added pictures that were not in the index
   * @param changed pictures whose file had changed
   * @param deleted pictures that were gone
   * @param unchanged pictures left alone
   */
  public record Update(long added, long changed, long deleted, long unchanged) {}

  /** What is to be done with one source. */
  private record Plan(List<Example> work, Set<String> stale, Set<String> gone, Update update) {}

  private record Known(Entry entry, String source) {}

  /**
   * An indexer that writes to {@code folder} with {@code model}.
   *
   * @param modelPath where the model came from, and {@code vocabularyPath} its vocabulary, or "":
   *     kept in the index so that searching finds them again
   * @throws UserException if there is an index in {@code folder} that another model made
   */
  public PictureIndexer(
      Path folder, Diptych model, String modelPath, String vocabularyPath, int batchSize) {
    this.folder = folder;
    this.model = model;
    this.batchSize = batchSize;
    int width = model.clip().config().embedDim();
    if (width > MAX_WIDTH) {
      throw new UserException(
          "an index holds vectors of up to %d numbers, this model's have %d"
              .formatted(MAX_WIDTH, width));
    }
    info =
        new IndexInfo(
            IndexInfo.FORMAT,
            modelPath,
            vocabularyPath,
            model.clip().config().activation(),
            model.clip().fingerprint(),
            width);
  }

  /**
   * Brings the index up to date with sources, as {@link DataSource#openPictures} understands them.
   *
   * @param rebuild forgets everything first
   * @param limit of pictures that cannot be read; they are left out, and tried again next time
   * @param progress told how many pictures there are to embed, then −1 for each one done
   * @throws UserException if a source cannot be read, too many pictures are bad, another model made
   *     the index, or another process is writing to it
   */
  public Update update(
      List<String> sources, boolean rebuild, BadLimit limit, LongConsumer progress) {
    try {
      if (IndexInfo.isIndex(folder) && !rebuild) {
        IndexInfo.read(folder).requireModel(folder, info.model(), info.fingerprint());
      }
      Files.createDirectories(PictureIndex.segments(folder));
      try (FSDirectory directory = FSDirectory.open(PictureIndex.segments(folder))) {
        if (rebuild) {
          clear(directory);
        }
        return update(directory, sources, limit, progress);
      }
    } catch (LockObtainFailedException e) {
      throw new UserException(
          "another process is writing to the index " + folder + "; wait for it to end", e);
    } catch (CorruptIndexException
        | IndexFormatTooOldException
        | IndexFormatTooNewException
        | IllegalArgumentException e) {
      throw PictureIndex.damaged(folder, e);
    } catch (IOException e) {
      throw new UserException(
          "the index " + folder + " cannot be written: " + UserException.reason(e), e);
    } catch (UncheckedIOException e) {
      throw new UserException(
          "the index %s cannot be written: %s"
              .formatted(folder, UserException.reason(Objects.requireNonNull(e.getCause()))),
          e);
    }
  }

  /** Deletes all segments, of which a damaged one would stop Lucene from beginning anew. */
  private static void clear(FSDirectory directory) throws IOException {
    try (Lock lock = directory.obtainLock(IndexWriter.WRITE_LOCK_NAME)) {
      for (String file : directory.listAll()) {
        if (!file.equals(IndexWriter.WRITE_LOCK_NAME)) {
          lock.ensureValid();
          directory.deleteFile(file);
        }
      }
    }
  }

  private Update update(
      FSDirectory directory, List<String> sources, BadLimit limit, LongConsumer progress)
      throws IOException {
    IndexWriterConfig configuration = new IndexWriterConfig().setCommitOnClose(false);
    try (IndexWriter writer = new IndexWriter(directory, configuration)) {
      writer.commit(); // an empty index can be opened, and a rebuilt one holds no old vectors
      info.write(folder);
      Update sum = new Update(0, 0, 0, 0);
      for (String spec : sources) {
        sum = plus(sum, update(writer, DataSource.openPictures(spec, limit), progress));
      }
      return sum;
    }
  }

  private static Update plus(Update a, Update b) {
    return new Update(
        a.added + b.added, a.changed + b.changed, a.deleted + b.deleted, a.unchanged + b.unchanged);
  }

  private Update update(IndexWriter writer, IndexedSource source, LongConsumer progress)
      throws IOException {
    String name = absolute(source.name());
    IdentityHashMap<Example, Entry> entries = entries(source);
    Plan plan = plan(writer, name, source, entries);
    progress.accept(plan.work().size());
    for (String gone : plan.gone()) {
      writer.deleteDocuments(Fields.name(gone));
    }
    long[] saved = {System.nanoTime()};
    try (PictureEmbedder embedder =
        new PictureEmbedder(model, PictureEmbedder.Output.EMBEDDING, batchSize)) {
      embedder.embed(
          plan.work(),
          source.bad(),
          one -> {
            try {
              Entry entry = Objects.requireNonNull(entries.get(one.example()));
              writer.updateDocument(
                  Fields.name(entry.name()), Fields.document(entry, name, one.vector()));
              plan.stale().remove(entry.name());
              if (System.nanoTime() - saved[0] > COMMIT_NANOS) {
                writer.commit();
                saved[0] = System.nanoTime();
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            progress.accept(-1);
          });
    }
    for (String unreadable : plan.stale()) { // what it shows now nobody knows
      writer.deleteDocuments(Fields.name(unreadable));
    }
    writer.commit();
    source.bad().check(source.size());
    return plan.update();
  }

  /** What a folder or a shard is called wherever the command is started. */
  private static String absolute(String spec) {
    List<String> parts = new ArrayList<>();
    for (String part : spec.split("::", -1)) {
      parts.add(Path.of(part.strip()).toAbsolutePath().normalize().toString());
    }
    return String.join("::", parts);
  }

  private static IdentityHashMap<Example, Entry> entries(IndexedSource source) {
    IdentityHashMap<Example, Entry> entries = new IdentityHashMap<>();
    for (Example example : source.examples()) {
      try {
        entries.put(example, Entry.of(example));
      } catch (IOException e) {
        source.bad().add(BadReason.MISSING_PICTURE, example.key(), UserException.reason(e));
      }
    }
    return entries;
  }

  private static Plan plan(
      IndexWriter writer,
      String name,
      IndexedSource source,
      IdentityHashMap<Example, Entry> entries)
      throws IOException {
    Map<String, Known> known = known(writer);
    List<Example> work = new ArrayList<>();
    Set<String> present = new HashSet<>();
    Set<String> stale = new HashSet<>();
    long added = 0;
    long unchanged = 0;
    for (Example example : source.examples()) {
      Entry entry = entries.get(example);
      if (entry == null || !present.add(entry.name())) {
        continue; // gone since it was listed, or named twice
      }
      Known before = known.get(entry.name());
      if (before == null) {
        added++;
        work.add(example);
      } else if (entry.changedSince(before.entry())) {
        stale.add(entry.name());
        work.add(example);
      } else {
        unchanged++;
      }
    }
    Set<String> gone = new HashSet<>();
    known.forEach((picture, before) -> {
      if (before.source().equals(name) && !present.contains(picture)) {
        gone.add(picture);
      }
    });
    return new Plan(work, stale, gone, new Update(added, stale.size(), gone.size(), unchanged));
  }

  private static Map<String, Known> known(IndexWriter writer) throws IOException {
    Map<String, Known> known = new HashMap<>();
    try (DirectoryReader reader = DirectoryReader.open(writer)) {
      for (LeafReaderContext leaf : reader.leaves()) {
        Bits live = leaf.reader().getLiveDocs();
        StoredFields stored = leaf.reader().storedFields();
        for (int i = 0; i < leaf.reader().maxDoc(); i++) {
          if (live == null || live.get(i)) {
            Document document = stored.document(i);
            Entry entry = Fields.entry(document);
            known.put(entry.name(), new Known(entry, Fields.text(document, Fields.SOURCE)));
          }
        }
      }
    }
    return known;
  }
}
