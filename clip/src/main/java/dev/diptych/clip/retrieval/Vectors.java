package dev.diptych.clip.retrieval;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Matmul;
import java.util.Arrays;

/** The vectors of all pictures in memory, (N, D), and the documents they belong to. */
final class Vectors {
  private final int[] documents; // (N)
  private final Tensor rows; // (N, D)

  private Vectors(int[] documents, Tensor rows) {
    this.documents = documents;
    this.rows = rows;
  }

  /** Collects vectors one by one. */
  static final class Builder {
    private final int[] documents;
    private final float[] rows;
    private final int width;
    private int count;

    Builder(int most, int width) {
      this.documents = new int[most];
      this.rows = new float[Math.multiplyExact(most, width)];
      this.width = width;
    }

    void add(int document, float[] vector) {
      documents[count] = document;
      System.arraycopy(vector, 0, rows, count * width, width);
      count++;
    }

    Vectors build() {
      Tensor all = Tensor.of(rows, Shape.of(documents.length, width));
      return new Vectors(Arrays.copyOf(documents, count), all.narrow(0, 0, count));
    }
  }

  int count() {
    return documents.length;
  }

  int document(int row) {
    return documents[row];
  }

  /** A copy of one row, (D). */
  float[] vector(int row) {
    return rows.narrow(0, row, 1).toArray();
  }

  /** The dot product of every row with {@code query} (D): (N). */
  float[] dot(float[] query) {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tensor column = Tensor.of(query, Shape.of(query.length, 1));
      return Matmul.forward(scope, rows, false, column, false).toArray();
    }
  }
}
