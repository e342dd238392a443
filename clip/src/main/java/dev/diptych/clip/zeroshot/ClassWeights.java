package dev.diptych.clip.zeroshot;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * The directions of classes in the space shared with pictures, (K, D): of each label its sentences
 * are embedded, brought to length 1, averaged, and their mean brought to length 1 (CLIP paper
 * §3.1.4; {@code zeroshot_weights} in OpenAI's notebook). The mean is one of embeddings, not of
 * probabilities, so that classification costs as much as with one template.
 */
public final class ClassWeights {
  private final List<String> labels;
  private final float[][] rows;
  private final String prompts;

  ClassWeights(List<String> labels, float[][] rows, String prompts) {
    this.labels = labels;
    this.rows = rows;
    this.prompts = prompts;
  }

  /**
   * Embeds labels.
   *
   * @param templates sentences with {@code {}} where the label goes
   * @throws UserException if there is no label, an empty one, or a template without {@code {}}
   */
  public static ClassWeights embed(Diptych model, List<String> labels, List<String> templates) {
    Prompts all = Prompts.of(model, labels, templates);
    return of(all, all.embed(model, count -> {}));
  }

  /** Embeds prompts; {@code progress} is told how many, of every few hundred. */
  static ClassWeights embed(Diptych model, Prompts prompts, LongConsumer progress) {
    return of(prompts, prompts.embed(model, progress));
  }

  static ClassWeights of(Prompts prompts, float[][] rows) {
    return new ClassWeights(prompts.labels(), rows, prompts.digest());
  }

  /** The labels, in the order in which they were given. */
  public List<String> labels() {
    return labels;
  }

  /** How many classes there are, K. */
  public int size() {
    return rows.length;
  }

  /** The direction of class {@code index}, (D) of length 1, in memory of its own. */
  public float[] row(int index) {
    return rows[index].clone();
  }

  /** All directions, (K, D), in memory of their own. */
  public Tensor matrix() {
    int width = rows[0].length;
    float[] flat = new float[rows.length * width];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * width, width);
    }
    return Tensor.of(flat, Shape.of(rows.length, width));
  }

  /** Tells the prompts from others: SHA-256 of their tokens, as 64 hexadecimal digits. */
  public String prompts() {
    return prompts;
  }

  /** The cosine of each class with an embedding (D) of length 1; (K). */
  double[] cosines(float[] embedding) {
    double[] cosines = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < embedding.length; j++) {
        cosines[i] += (double) embedding[j] * rows[i][j];
      }
    }
    return cosines;
  }
}
