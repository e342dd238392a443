package dev.diptych.clip.retrieval;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Picture;
import java.util.ArrayList;
import java.util.List;

/**
 * What to look for: texts and pictures, added and subtracted. The vector of a query is the
 * normalised sum Σ ±eᵢ of their embeddings eᵢ, each of length 1.
 *
 * <pre>{@code
 * new Query().plus("a dog on a beach").minus("people").plus(picture).vector(model)
 * }</pre>
 *
 * <p>Pictures lie in one region of CLIP's space and texts in another (Liang et al. 2022, "Mind the
 * Gap"): similarities of a picture with pictures are higher than with texts, so in a sum of both
 * the picture weighs more.
 */
public final class Query {
  /** Below this length the parts have cancelled each other and what is left is rounding. */
  private static final double LEAST_LENGTH = 1e-4;

  private record Text(String text, int sign) {}

  private record Shown(Picture picture, int sign) {}

  private record Given(float[] embedding, int sign) {}

  private final List<Text> texts = new ArrayList<>();
  private final List<Shown> pictures = new ArrayList<>();
  private final List<Given> given = new ArrayList<>();

  /** A query for nothing yet. */
  public Query() {}

  /** Looks for this too. */
  public Query plus(String text) {
    texts.add(new Text(text, 1));
    return this;
  }

  /** Looks for what is less like this. */
  public Query minus(String text) {
    texts.add(new Text(text, -1));
    return this;
  }

  /** Looks for what is like this picture too. */
  public Query plus(Picture picture) {
    pictures.add(new Shown(picture, 1));
    return this;
  }

  /** Looks for what is less like this picture. */
  public Query minus(Picture picture) {
    pictures.add(new Shown(picture, -1));
    return this;
  }

  /** Looks for what is like this embedding (D) of length 1 too. */
  public Query plus(float[] embedding) {
    given.add(new Given(embedding, 1));
    return this;
  }

  /** Looks for what is less like this embedding (D) of length 1. */
  public Query minus(float[] embedding) {
    given.add(new Given(embedding, -1));
    return this;
  }

  /**
   * The point to search around.
   *
   * @return (D), of length 1
   * @throws UserException if the query is empty, or its parts cancel each other
   */
  public float[] vector(Diptych model) {
    if (texts.isEmpty() && pictures.isEmpty() && given.isEmpty()) {
      throw new UserException("there is nothing to look for: give a text or a picture");
    }
    double[] sum = new double[model.clip().config().embedDim()];
    float[][] words = model.embedTexts(texts.stream().map(Text::text).toList());
    for (int i = 0; i < words.length; i++) {
      add(words[i], texts.get(i).sign(), sum);
    }
    float[][] shown = model.embedPictures(pictures.stream().map(Shown::picture).toList());
    for (int i = 0; i < shown.length; i++) {
      add(shown[i], pictures.get(i).sign(), sum);
    }
    given.forEach(one -> add(one.embedding(), one.sign(), sum));
    return normalised(sum);
  }

  private static void add(float[] embedding, int sign, double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += (double) sign * embedding[i];
    }
  }

  private static float[] normalised(double[] sum) {
    double squares = 0;
    for (double value : sum) {
      squares += value * value;
    }
    double length = Math.sqrt(squares);
    if (!(length > LEAST_LENGTH)) {
      throw new UserException(
          "what is added and what is subtracted cancel each other: nothing is left to look for");
    }
    float[] vector = new float[sum.length];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (sum[i] / length);
    }
    return vector;
  }
}
