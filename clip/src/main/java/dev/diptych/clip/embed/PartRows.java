package dev.diptych.clip.embed;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Embedder;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of a part, collected in memory until it is whole. */
final class PartRows {
  private final EmbedOptions options;
  private final Diptych model;
  private final Embedder textEmbedder;
  private final @Nullable Block images;
  private final @Nullable Block texts;
  private final List<String> waiting = new ArrayList<>();
  private final StringBuilder metadata = new StringBuilder();
  private int rows;

  /** Vectors, row by row, (at most N, D). */
  private static final class Block {
    final float[] data;
    final int width;
    int filled;

    Block(int most, int width) {
      this.data = new float[Math.multiplyExact(most, width)];
      this.width = width;
    }

    void add(float[] vectors) {
      System.arraycopy(vectors, 0, data, filled, vectors.length);
      filled += vectors.length;
    }

    /** (N, D). */
    Tensor tensor() {
      Tensor all = Tensor.of(data, Shape.of(data.length / width, width));
      return all.narrow(0, 0, filled / width);
    }
  }

  /** Room for {@code most} rows of these widths; a width of 0 means that there are none. */
  PartRows(
      EmbedOptions options,
      Diptych model,
      Embedder textEmbedder,
      int most,
      int imageWidth,
      int textWidth) {
    this.options = options;
    this.model = model;
    this.textEmbedder = textEmbedder;
    this.images = imageWidth == 0 ? null : new Block(most, imageWidth);
    this.texts = textWidth == 0 ? null : new Block(most, textWidth);
  }

  /** Adds a row; {@code vector} is that of its picture, if it has one. */
  void add(Row row, float @Nullable [] vector) {
    metadata.append(row.metadata(options.content())).append('\n');
    rows++;
    if (images != null && vector != null) {
      images.add(vector);
    }
    if (texts != null) {
      waiting.add(row.caption());
      if (waiting.size() == options.batchSize()) {
        embedTexts(texts);
      }
    }
  }

  private void embedTexts(Block block) {
    if (!waiting.isEmpty()) {
      block.add(textEmbedder.texts(model.tokenize(waiting).tokens()).toArray()); // (≤ B, D)
      waiting.clear();
    }
  }

  int rows() {
    return rows;
  }

  /** (N, D), or null. */
  @Nullable Tensor images() {
    return images == null ? null : images.tensor();
  }

  /** (N, D), or null. */
  @Nullable Tensor texts() {
    if (texts == null) {
      return null;
    }
    embedTexts(texts);
    return texts.tensor();
  }

  /** A line of JSON for each row. */
  String metadata() {
    return metadata.toString();
  }
}
