package dev.diptych.clip;

import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Embedding;
import org.jspecify.annotations.Nullable;

/**
 * Texts as tokens, and what the text tower must know of them before it runs.
 *
 * @param tokens (B, T): start token, text, end token, zeros
 * @param ends (B): where each text ends, and is embedded
 * @param plan where each token occurs, see {@link Embedding#plan}; null where it is made on the way
 */
public record TextBatch(IntTensor tokens, IntTensor ends, @Nullable IntTensor plan) {
  /**
   * Texts, in host memory.
   *
   * @param tokens (B, T)
   */
  public static TextBatch of(IntTensor tokens, int endToken) {
    if (tokens.shape().rank() != 2) {
      throw new UserException("tokens must be (B, T), got " + tokens.shape());
    }
    int[] ends = ends(tokens, endToken);
    return new TextBatch(tokens, new IntTensor(Shape.of(ends.length), ends), null);
  }

  /**
   * The first position of the end token in each text. A text without one is pooled at its largest
   * id, as the original's argmax does.
   */
  static int[] ends(IntTensor tokens, int endToken) {
    int texts = tokens.shape().dim(0);
    int length = tokens.shape().dim(1);
    int[] ids = tokens.data();
    int[] positions = new int[texts];
    for (int text = 0; text < texts; text++) {
      int row = text * length;
      int largest = 0;
      for (int t = 0; t < length; t++) {
        if (ids[row + t] == endToken) {
          largest = t;
          break;
        }
        if (ids[row + t] > ids[row + largest]) {
          largest = t;
        }
      }
      positions[text] = largest;
    }
    return positions;
  }

  /** The same texts on the device of {@code scope}, with a plan: for a step to be captured. */
  public TextBatch upload(TensorScope scope) {
    IntTensor copy = new IntTensor(tokens.shape(), tokens.data().clone());
    return new TextBatch(
        copy.upload(scope), ends.upload(scope), Embedding.plan(tokens).upload(scope));
  }

  /**
   * Replaces the texts by those of {@code next}, of the same shape, in host memory and on the GPU.
   */
  public void set(TextBatch next) {
    tokens.set(next.tokens.data());
    ends.set(next.ends.data());
    if (plan != null) {
      plan.set(Embedding.plan(next.tokens).data());
    }
  }
}
