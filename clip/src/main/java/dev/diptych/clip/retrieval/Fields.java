package dev.diptych.clip.retrieval;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.VectorSimilarityFunction;

/** How an {@link Entry} and its vector are written as a document of Lucene's. */
final class Fields {
  static final String VECTOR = "vector";

  /**
   * What the user named, a folder or a shard: its documents are deleted when they vanish from it.
   */
  static final String SOURCE = "source";

  private static final String NAME = "name";
  private static final String PATH = "path";
  private static final String OFFSET = "offset";
  private static final String LENGTH = "length";
  private static final String SIZE = "size";
  private static final String MODIFIED = "modified";

  private Fields() {}

  static Term name(String name) {
    return new Term(NAME, name);
  }

  static Document document(Entry entry, String source, float[] vector) {
    Document document = new Document();
    document.add(new StringField(NAME, entry.name(), Field.Store.YES));
    document.add(new StringField(SOURCE, source, Field.Store.YES));
    document.add(new StoredField(PATH, entry.path().toString()));
    document.add(new StoredField(OFFSET, entry.offset()));
    document.add(new StoredField(LENGTH, entry.length()));
    document.add(new StoredField(SIZE, entry.size()));
    document.add(new StoredField(MODIFIED, entry.modified()));
    document.add(new KnnFloatVectorField(VECTOR, vector, VectorSimilarityFunction.DOT_PRODUCT));
    return document;
  }

  static Entry entry(Document document) throws IOException {
    return new Entry(
        text(document, NAME),
        Path.of(text(document, PATH)),
        number(document, OFFSET),
        number(document, LENGTH),
        number(document, SIZE),
        number(document, MODIFIED));
  }

  static String text(Document document, String field) throws IOException {
    String value = document.get(field);
    if (value == null) {
      throw new IOException("a document of the index lacks its " + field);
    }
    return value;
  }

  private static long number(Document document, String field) throws IOException {
    var stored = document.getField(field);
    if (stored == null || stored.numericValue() == null) {
      throw new IOException("a document of the index lacks its " + field);
    }
    return stored.numericValue().longValue();
  }
}
