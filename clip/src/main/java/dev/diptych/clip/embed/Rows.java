package dev.diptych.clip.embed;

import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.Input;
import dev.diptych.clip.data.Texts;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of an input, one after the other, with a digest of those of each part. */
final class Rows implements Iterator<Row>, AutoCloseable {
  private final Iterator<Row> rows;
  private final @Nullable Texts texts;
  private final MessageDigest digest;

  private Rows(Iterator<Row> rows, @Nullable Texts texts) {
    this.rows = rows;
    this.texts = texts;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Opens an input; what is bad about it is noted when it is met. */
  static Rows open(Input input, EmbedOptions options, BadRecords bad) {
    return switch (options.content()) {
      case TEXTS -> {
        Texts texts = input.texts(options.reading(), options.textField(), bad);
        yield new Rows(map(texts), texts);
      }
      case IMAGES, PAIRS -> {
        boolean captions = options.content() == EmbedOptions.Content.PAIRS;
        List<Example> examples =
            input.examples(options.reading().withRequireCaptions(captions), bad);
        if (captions) {
          examples = withCaptions(examples, bad);
        }
        yield new Rows(examples.stream().map(Row::of).iterator(), null);
      }
    };
  }

  /** Folders of pictures have none, whatever is required. */
  private static List<Example> withCaptions(List<Example> examples, BadRecords bad) {
    List<Example> captioned = new ArrayList<>(examples.size());
    for (Example example : examples) {
      if (example.captions().isEmpty()) {
        bad.add(BadReason.MISSING_CAPTION, example.picture().name(), "");
      } else {
        captioned.add(example);
      }
    }
    return captioned;
  }

  private static Iterator<Row> map(Texts texts) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return texts.hasNext();
      }

      @Override
      public Row next() {
        return Row.of(texts.next());
      }
    };
  }

  void beginPart() {
    digest.reset();
  }

  /** The digest of the rows since {@link #beginPart}, in hexadecimal digits. */
  String endPart() {
    return HexFormat.of().formatHex(digest.digest());
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public Row next() {
    Row row = rows.next();
    row.addTo(digest);
    return row;
  }

  @Override
  public void close() {
    if (texts != null) {
      texts.close();
    }
  }
}
