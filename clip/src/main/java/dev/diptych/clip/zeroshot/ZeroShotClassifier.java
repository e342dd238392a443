package dev.diptych.clip.zeroshot;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tells which of some labels a picture shows, without having been trained on them: the labels, put
 * into sentences, are embedded once; a picture's probabilities are the softmax of its scaled
 * similarities with them (CLIP paper §3.1.2). With several templates a class is the normalised mean
 * of its normalised embeddings (§3.1.4).
 */
public final class ZeroShotClassifier {
  private final Diptych model;
  private final ClassWeights classes;

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
    this(model, ClassWeights.embed(model, labels, templates));
  }

  /**
   * Embeds the labels, or finds in {@code cache} what became of them before.
   *
   * @param templates sentences with {@code {}} where the label goes
   * @throws UserException if there is no label, an empty one, or a template without {@code {}}
   */
  public ZeroShotClassifier(
      Diptych model, List<String> labels, List<String> templates, ClassWeightCache cache) {
    this(model, cache.weights(model, labels, templates, count -> {}));
  }

  /** A classifier of classes that {@code model} embedded. */
  public ZeroShotClassifier(Diptych model, ClassWeights classes) {
    this.model = model;
    this.classes = classes;
  }

  /** The labels, in the order in which they were given. */
  public List<String> labels() {
    return classes.labels();
  }

  /**
   * What a picture shows, most probable first.
   *
   * @param embedding of the picture (D), of length 1, as {@link Diptych#embedPictures} returns it
   */
  public List<Prediction> classify(float[] embedding) {
    double[] similarities = classes.cosines(embedding);
    double largest = Arrays.stream(similarities).max().orElseThrow();
    double scale = model.similarityScale();
    double sum = 0;
    for (double similarity : similarities) {
      sum += Math.exp(scale * (similarity - largest));
    }
    List<Prediction> predictions = new ArrayList<>();
    for (int i = 0; i < classes.size(); i++) {
      double probability = Math.exp(scale * (similarities[i] - largest)) / sum;
      predictions.add(new Prediction(labels().get(i), probability, similarities[i]));
    }
    predictions.sort((a, b) -> Double.compare(b.probability(), a.probability()));
    return predictions;
  }
}
