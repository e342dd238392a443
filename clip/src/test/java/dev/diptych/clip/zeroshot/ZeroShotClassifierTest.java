package dev.diptych.clip.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VitConfig;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.kernels.gelu.Activation;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ZeroShotClassifierTest {
  private static final List<String> LABELS = List.of("cat", "dog", "old lamp");

  private final Diptych model = tiny();

  @AfterEach
  void close() {
    model.close();
  }

  private static Diptych tiny() {
    Tokenizer tokenizer = BpeTrainer.train(List.of("a photo of a cat", "a lamp"), 520, 1);
    ClipConfig config =
        new ClipConfig(
                12,
                new VitConfig(16, 8, 24, 1, 2),
                new TextConfig(20, 600, 16, 1, 2, 599),
                Activation.QUICK_GELU)
            .withVocabulary(tokenizer.size());
    return new Diptych(Clip.create(config, 2), tokenizer);
  }

  private float[] picture() {
    byte[] rgb = new byte[3 * 20 * 18];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 31);
    }
    return model.embedPictures(List.of(new Picture(20, 18, rgb)))[0];
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @Test
  void probabilitiesAreTheSoftmaxOfScaledCosines() {
    float[] picture = picture();
    List<ZeroShotClassifier.Prediction> predictions =
        new ZeroShotClassifier(model, LABELS, List.of("a photo of a {}.")).classify(picture);
    double[] weights = new double[3];
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      float[] text = model.embedTexts(List.of("a photo of a " + LABELS.get(i) + "."))[0];
      weights[i] = Math.exp(model.similarityScale() * dot(picture, text));
      sum += weights[i];
    }
    assertThat(predictions).hasSize(3);
    for (ZeroShotClassifier.Prediction prediction : predictions) {
      int label = LABELS.indexOf(prediction.label());
      assertThat(prediction.probability()).isCloseTo(weights[label] / sum, within(1e-6));
    }
    assertThat(predictions)
        .isSortedAccordingTo((a, b) -> Double.compare(b.probability(), a.probability()));
  }

  @Test
  void severalTemplatesMakeTheMeanOfADirection() {
    float[] picture = picture();
    List<String> templates = List.of("a photo of a {}.", "{} and {}", "the {}");
    for (ZeroShotClassifier.Prediction prediction :
        new ZeroShotClassifier(model, LABELS, templates).classify(picture)) {
      String label = prediction.label();
      float[][] rows =
          model.embedTexts(
              List.of("a photo of a " + label + ".", label + " and " + label, "the " + label));
      float[] sum = new float[12];
      for (float[] row : rows) {
        for (int i = 0; i < 12; i++) {
          sum[i] += row[i];
        }
      }
      assertThat(prediction.similarity())
          .isCloseTo(dot(picture, sum) / Math.sqrt(dot(sum, sum)), within(1e-5));
    }
  }

  @Test
  void oneLabelIsCertain() {
    ZeroShotClassifier classifier = new ZeroShotClassifier(model, List.of("cat"), Templates.SIMPLE);
    assertThat(classifier.labels()).containsExactly("cat");
    assertThat(classifier.classify(picture()).getFirst().probability()).isEqualTo(1);
  }

  @Test
  void whatCannotBeAsked() {
    refused(List.of(), List.of("{}"), "at least one label");
    refused(List.of("cat", " "), List.of("{}"), "a label is empty");
    refused(LABELS, List.of(), "at least one template");
    refused(LABELS, List.of("a {}", "a photo"), "the template 'a photo' has no {}");
  }

  private void refused(List<String> labels, List<String> templates, String words) {
    assertThatThrownBy(() -> new ZeroShotClassifier(model, labels, templates))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(words);
  }
}
