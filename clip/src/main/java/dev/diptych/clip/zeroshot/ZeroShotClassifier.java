package dev.diptych.clip.zeroshot;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells which of some labels a picture shows, without having been trained on them: the labels, put
 * into sentences, are embedded once; a picture's probabilities are the softmax of its scaled
 * similarities with them (CLIP paper §3.1.2). With several templates a class is the normalised mean
 * of its normalised embeddings (§3.1.4).
 */
public final class ZeroShotClassifier {
  private final Diptych model;
  private final List<String> labels;
  private final float[][] classes; // (K, D)

  /**
   * A label and the probability that the picture shows it, among all labels of the classifier.
   *
   * @param label as it was given
   * @param probability softmax over all labels; they sum to 1
   * @param similarity cosine between picture and label, from −1 to 1
   */
  public record Prediction(String label, double probability, double similarity) {}

  /**
   * Embeds the labels.
   *
   * @param templates sentences with {@code {}} where the label goes
   * @throws UserException if there is no label, an empty one, or a template without {@code {}}
   */
  public ZeroShotClassifier(Diptych model, List<String> labels, List<String> templates) {
    this.model = model;
    this.labels = List.copyOf(labels);
    if (labels.isEmpty()) {
      throw new UserException("classify needs at least one label, for example --labels cat dog");
    }
    if (templates.isEmpty()) {
      throw new UserException("classify needs at least one template, such as 'a photo of a {}.'");
    }
    for (String template : templates) {
      if (!template.contains("{}")) {
        throw new UserException("the template '" + template + "' has no {} for the label");
      }
    }
    classes = new float[labels.size()][];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = classEmbedding(labels.get(i), templates);
    }
  }

  private float[] classEmbedding(String label, List<String> templates) {
    if (label.isBlank()) {
      throw new UserException("a label is empty: every label must be a word or more");
    }
    List<String> sentences = new ArrayList<>();
    for (String template : templates) {
      sentences.add(template.replace("{}", label));
    }
    float[][] embedded = model.embedTexts(sentences);
    double[] sum = new double[embedded[0].length];
    for (float[] row : embedded) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += row[i];
      }
    }
    double squares = 0;
    for (double value : sum) {
      squares += value * value;
    }
    float[] mean = new float[sum.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) (sum[i] / Math.sqrt(squares));
    }
    return mean;
  }

  /** The labels, in the order in which they were given. */
  public List<String> labels() {
    return labels;
  }

  /** The embeddings of the labels, (K, D), each row of length 1, in memory of their own. */
  public Tensor embeddings() {
    int width = classes[0].length;
    float[] rows = new float[classes.length * width];
    for (int i = 0; i < classes.length; i++) {
      System.arraycopy(classes[i], 0, rows, i * width, width);
    }
    return Tensor.of(rows, Shape.of(classes.length, width));
  }

  /**
   * What a picture shows, most probable first.
   *
   * @param embedding of the picture (D), of length 1, as {@link Diptych#embedPictures} returns it
   */
  public List<Prediction> classify(float[] embedding) {
    double[] similarities = new double[classes.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < classes.length; i++) {
      for (int j = 0; j < embedding.length; j++) {
        similarities[i] += (double) embedding[j] * classes[i][j];
      }
      largest = Math.max(largest, similarities[i]);
    }
    double scale = model.similarityScale();
    double sum = 0;
    for (double similarity : similarities) {
      sum += Math.exp(scale * (similarity - largest));
    }
    List<Prediction> predictions = new ArrayList<>();
    for (int i = 0; i < classes.length; i++) {
      double probability = Math.exp(scale * (similarities[i] - largest)) / sum;
      predictions.add(new Prediction(labels.get(i), probability, similarities[i]));
    }
    predictions.sort((a, b) -> Double.compare(b.probability(), a.probability()));
    return predictions;
  }
}
