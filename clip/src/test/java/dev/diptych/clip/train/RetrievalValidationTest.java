package dev.diptych.clip.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VitConfig;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.Blob;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.data.SquarePictures;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PngEncoder;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.zeroshot.Templates;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import dev.diptych.kernels.gelu.Activation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Recall and zero-shot accuracy of a model in training, on pictures made here. */
class RetrievalValidationTest {
  private static final List<String> NAMES =
      List.of("red", "green", "blue", "pink", "cyan", "yellow", "grey");

  private final Tokenizer tokenizer = BpeTrainer.train(List.of("a photo of a", "square"), 520, 1);
  private final Clip clip =
      Clip.create(
          new ClipConfig(
                  12,
                  new VitConfig(16, 8, 24, 1, 2),
                  new TextConfig(20, 600, 16, 1, 2, 599),
                  Activation.QUICK_GELU)
              .withVocabulary(tokenizer.size()),
          2);
  private final List<Example> examples = new ArrayList<>();

  private static byte[] png(int number) {
    byte[] rgb = new byte[3 * 16 * 16];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (number * 37 * (i % 3 + 1) + number * i / 7);
    }
    return PngEncoder.encode(new Picture(16, 16, rgb));
  }

  private void add(@Nullable String label, byte[] picture, String... captions) {
    String name = examples.size() + ".png";
    examples.add(
        new Example(name, 0, new Blob.InMemory(name, picture), List.of(captions), label, null));
  }

  private RetrievalValidation validation(BadLimit limit, List<String> names) throws IOException {
    return new RetrievalValidation(
        IndexedSource.of("set", examples, limit),
        new SquarePictures(new Preprocess(16)),
        16,
        tokenizer,
        20,
        names);
  }

  private void refused(List<String> names, String... words) {
    assertThatThrownBy(() -> validation(BadLimit.NONE, names))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void picturesThatShareACaptionAreOneGroup() throws IOException {
    add(null, png(1), "one", "one");
    add(null, png(2), "two");
    add(null, png(3), "one", "two"); // joins the two before
    RetrievalValidation validation = validation(BadLimit.NONE, List.of());
    assertThat(validation.pictures()).isEqualTo(3);
    assertThat(validation.texts()).isEqualTo(2);
    assertThat(validation.measure(clip))
        .containsEntry("image_to_text_R@1", 1.0)
        .containsEntry("text_to_image_R@1", 1.0);
  }

  @Test
  void labelsWithoutNamesGiveNoAccuracy() throws IOException {
    add("0", png(1), "one");
    add("1", png(2), "two");
    Map<String, Double> figures = validation(BadLimit.NONE, List.of()).measure(clip);
    assertThat(figures).containsKey("image_to_text_R@1").doesNotContainKey("zero_shot_acc1");
  }

  @Test
  void accuracyIsThatOfTheClassifier() throws IOException {
    for (int i = 0; i < 70; i++) {
      int label = i * 5 % 7;
      add(i % 2 == 0 ? label + "\n" : NAMES.get(label), png(i), "square " + i);
    }
    add(null, png(99), "a square without a label");
    Map<String, Double> figures = validation(BadLimit.NONE, NAMES).measure(clip);
    int first = 0;
    int firstFive = 0;
    try (Diptych model = new Diptych(clip, tokenizer)) {
      ZeroShotClassifier classifier = new ZeroShotClassifier(model, NAMES, Templates.SIMPLE);
      for (int i = 0; i < 70; i++) {
        float[] embedding =
            model.embedPictures(List.of(PictureDecoder.decode(png(i), "a picture")))[0];
        List<String> order =
            classifier.classify(embedding).stream()
                .map(ZeroShotClassifier.Prediction::label)
                .toList();
        int place = order.indexOf(NAMES.get(i * 5 % 7));
        first += place < 1 ? 1 : 0;
        firstFive += place < 5 ? 1 : 0;
      }
    }
    assertThat(first).isBetween(1, 69);
    assertThat(figures.get("zero_shot_acc1")).isCloseTo(first / 70.0, within(1e-9));
    assertThat(figures.get("zero_shot_acc5")).isCloseTo(firstFive / 70.0, within(1e-9));
  }

  @Test
  void labelsAndNamesThatDoNotFit() {
    add(null, png(1), "one");
    refused(NAMES, "set", "no picture has a label");
    add("7", png(2), "two");
    refused(NAMES, "set", "the label '7' of 1.png", "7 names of classes", "0 to 6");
  }

  @Test
  void picturesThatCannotBeRead() throws IOException {
    add(null, png(1), "one");
    add(null, new byte[] {1, 2, 3}, "two");
    RetrievalValidation validation = validation(BadLimit.DEFAULT, List.of());
    assertThat(validation.pictures()).isEqualTo(1);
    assertThat(validation.texts()).isEqualTo(1);
    refused(List.of(), "set: 1 of 2 records are bad", "1.png", "--max-bad");
    examples.removeFirst();
    assertThatThrownBy(() -> validation(BadLimit.DEFAULT, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("set: not one picture can be read");
  }
}
