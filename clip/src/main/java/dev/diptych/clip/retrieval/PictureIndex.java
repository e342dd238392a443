package dev.diptych.clip.retrieval;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.Blob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.index.KnnVectorValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Bits;
import org.jspecify.annotations.Nullable;

/**
 * The pictures of a folder that {@link PictureIndexer} made, as they were at its last commit, and
 * the search for the nearest to a vector.
 *
 * <pre>{@code
 * try (PictureIndex index = PictureIndex.open(Path.of("holidays.idx"))) {
 *   float[] query = new Query().plus("a dog on a beach").vector(model);
 *   for (PictureIndex.Hit hit : index.search(query, 10, Search.AUTO)) {
 *     System.out.println(hit.score() + " " + hit.picture());
 *   }
 * }
 * }</pre>
 *
 * <p>Safe for use by several threads.
 */
public final class PictureIndex implements AutoCloseable {
  /**
   * Up to so many pictures {@link Search#AUTO} compares with every one: a hundred megabytes of
   * vectors of 512, which take a few milliseconds.
   */
  public static final int EXACT_UP_TO = 50_000;

  /** Candidates that the approximate search collects at least; more find more of the nearest. */
  private static final int LEAST_CANDIDATES = 100;

  private static final String SEGMENTS = "lucene";

  /** How to find the nearest. */
  public enum Search {
    /** Exactly, unless there are more than {@link #EXACT_UP_TO} pictures. */
    AUTO,
    /** By comparing with every picture. */
    EXACT,
    /** Through the graph of an HNSW (Malkov and Yashunin 2018), which may miss some. */
    APPROXIMATE
  }

  /**
   * A picture that was found.
   *
   * @param picture its absolute path, or {@code shard.tar:member}
   * @param score cosine with the query, from −1 to 1
   */
  public record Hit(String picture, double score) {}

  private record Found(int document, float score) {}

  private final Path folder;
  private final IndexInfo info;
  private final FSDirectory directory;
  private final DirectoryReader reader;
  private final IndexSearcher searcher;
  private volatile @Nullable Vectors vectors;

  private PictureIndex(Path folder, IndexInfo info, FSDirectory directory, DirectoryReader reader) {
    this.folder = folder;
    this.info = info;
    this.directory = directory;
    this.reader = reader;
    this.searcher = new IndexSearcher(reader);
  }

  /**
   * Opens an index.
   *
   * @throws UserException if there is none, or a damaged one
   */
  @SuppressWarnings("MustBeClosed") // close() does
  public static PictureIndex open(Path folder) {
    IndexInfo info = IndexInfo.read(folder);
    try {
      FSDirectory directory = FSDirectory.open(segments(folder));
      try {
        return new PictureIndex(folder, info, directory, DirectoryReader.open(directory));
      } catch (IndexNotFoundException e) {
        directory.close();
        throw new UserException(
            folder + " holds no picture yet: indexing has begun and not saved anything", e);
      } catch (IOException | RuntimeException e) {
        directory.close();
        throw e;
      }
    } catch (IOException | IllegalArgumentException e) {
      throw damaged(folder, e);
    }
  }

  static Path segments(Path folder) {
    return folder.resolve(SEGMENTS);
  }

  static UserException damaged(Path folder, Exception e) {
    return new UserException(
        "the index %s is damaged: %s; make it again with --rebuild"
            .formatted(folder, e instanceof IOException io ? UserException.reason(io) : e),
        e);
  }

  /** What made it. */
  public IndexInfo info() {
    return info;
  }

  /** How many pictures it holds. */
  public int size() {
    return reader.numDocs();
  }

  /**
   * Refuses another model than the one that made the vectors.
   *
   * @param name what to call it in the message
   * @throws UserException if its weights or its activation differ
   */
  public void requireModel(Diptych model, String name) {
    info.requireModel(folder, name, model.clip().config().activation(), model.fingerprint());
  }

  /** Whether {@code search} will compare with every picture. */
  public boolean isExact(Search search) {
    return search == Search.EXACT || (search == Search.AUTO && size() <= EXACT_UP_TO);
  }

  /**
   * The nearest pictures, nearest first; where scores are equal, in the order of the index.
   *
   * @param query (D), of length 1
   * @param top how many
   */
  public List<Hit> search(float[] query, int top, Search search) {
    if (query.length != info.width()) {
      throw new IllegalArgumentException(
          "query: expected (D)=(%d), got (%d)".formatted(info.width(), query.length));
    }
    if (top < 1) {
      throw new UserException("how many to find must be at least 1, got " + top);
    }
    if (size() == 0) {
      return List.of();
    }
    try {
      List<Hit> hits = new ArrayList<>();
      for (Found found : isExact(search) ? exact(query, top) : approximate(query, top)) {
        var document = searcher.storedFields().document(found.document());
        hits.add(new Hit(Fields.entry(document).name(), found.score()));
      }
      return hits;
    } catch (IOException e) {
      throw damaged(folder, e);
    }
  }

  private List<Found> approximate(float[] query, int top) throws IOException {
    int candidates = Math.max(top, Math.min(LEAST_CANDIDATES, size()));
    TopDocs nearest =
        searcher.search(new KnnFloatVectorQuery(Fields.VECTOR, query, candidates), candidates);
    List<Found> found = new ArrayList<>();
    for (ScoreDoc one : Arrays.copyOf(nearest.scoreDocs, Math.min(top, nearest.scoreDocs.length))) {
      found.add(new Found(one.doc, 2 * one.score - 1)); // Lucene's score is (1 + cosine)/2
    }
    return found;
  }

  private List<Found> exact(float[] query, int top) throws IOException {
    Vectors all = vectors();
    float[] scores = all.dot(query); // (N)
    PriorityQueue<Found> best = new PriorityQueue<>((a, b) -> worseFirst(a, b));
    for (int i = 0; i < scores.length; i++) {
      if (best.size() < top || scores[i] > best.element().score()) {
        best.add(new Found(all.document(i), scores[i]));
        if (best.size() > top) {
          best.remove();
        }
      }
    }
    List<Found> found = new ArrayList<>(best);
    found.sort((a, b) -> worseFirst(b, a));
    return found;
  }

  private static int worseFirst(Found a, Found b) {
    int byScore = Float.compare(a.score(), b.score());
    return byScore != 0 ? byScore : Integer.compare(b.document(), a.document());
  }

  private Vectors vectors() throws IOException {
    Vectors loaded = vectors;
    if (loaded == null) {
      synchronized (this) {
        loaded = vectors;
        if (loaded == null) {
          loaded = readVectors();
          vectors = loaded;
        }
      }
    }
    return loaded;
  }

  private Vectors readVectors() throws IOException {
    Vectors.Builder all = new Vectors.Builder(size(), info.width());
    for (LeafReaderContext leaf : reader.leaves()) {
      FloatVectorValues values = leaf.reader().getFloatVectorValues(Fields.VECTOR);
      if (values == null) {
        continue;
      }
      Bits live = leaf.reader().getLiveDocs();
      KnnVectorValues.DocIndexIterator at = values.iterator();
      while (at.nextDoc() != DocIdSetIterator.NO_MORE_DOCS) {
        if (live == null || live.get(at.docID())) {
          all.add(leaf.docBase + at.docID(), values.vectorValue(at.index()));
        }
      }
    }
    return all.build();
  }

  /**
   * The share of the truly nearest pictures that the approximate search finds, recall at {@code
   * top}: the mean over queries spread evenly over the indexed pictures themselves.
   *
   * @param queries how many; all pictures if there are fewer
   */
  public double measureRecall(int queries, int top) {
    try {
      Vectors all = vectors();
      int count = Math.min(queries, all.count());
      long found = 0;
      long wanted = 0;
      for (int q = 0; q < count; q++) {
        float[] query = all.vector((int) ((long) q * all.count() / count));
        List<Found> nearest = approximate(query, top);
        for (Found truth : exact(query, top)) {
          wanted++;
          if (nearest.stream().anyMatch(one -> one.document() == truth.document())) {
            found++;
          }
        }
      }
      return wanted == 0 ? 1 : (double) found / wanted;
    } catch (IOException e) {
      throw damaged(folder, e);
    }
  }

  /**
   * The bytes of a picture of this index; nothing else can be opened through it.
   *
   * @param picture as a {@link Hit} names it
   * @throws UserException if it is not in the index
   */
  public Blob picture(String picture) {
    try {
      TopDocs found = searcher.search(new TermQuery(Fields.name(picture)), 1);
      if (found.scoreDocs.length == 0) {
        throw new UserException(picture + " is not in the index");
      }
      return Fields.entry(searcher.storedFields().document(found.scoreDocs[0].doc)).blob();
    } catch (IOException e) {
      throw damaged(folder, e);
    }
  }

  @Override
  public void close() {
    try {
      reader.close();
      directory.close();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be closed", e);
    }
  }
}
