package dev.diptych.clip.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.UserException;
import dev.diptych.clip.explain.ColouredSquares;
import dev.diptych.clip.explain.ColouredSquares.Scene;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.zeroshot.ZeroShotClassifier.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A model that was asked for red and green squares, and is shown blue and yellow ones: what it says
 * to new ones after it was calibrated on others.
 */
class NoneOfTheseTest {
  private static final Diptych MODEL = ColouredSquares.train(250);
  private static final int CALIBRATED = 199;
  private static final int HELD_OUT = 800;
  private static final double RATE = 0.1;

  @TempDir private Path folder;

  @AfterAll
  static void close() {
    MODEL.close();
  }

  /** Scenes with one square, of colours from {@code first} to {@code first + 1}. */
  private static List<Picture> scenes(int first, int count, long from) {
    List<Picture> pictures = new ArrayList<>();
    for (long number = from; pictures.size() < count; number++) {
      Scene scene = ColouredSquares.scene(number, 1);
      if (scene.colours()[0] == first || scene.colours()[0] == first + 1) {
        pictures.add(scene.picture());
      }
    }
    return pictures;
  }

  private static List<List<Prediction>> classify(
      ZeroShotClassifier classifier, List<Picture> pictures) {
    return Arrays.stream(MODEL.embedPictures(pictures)).map(classifier::classify).toList();
  }

  private static double share(NoneOfThese none, List<List<Prediction>> all) {
    return (double) all.stream().filter(one -> !none.isNone(none.score(one))).count() / all.size();
  }

  @ParameterizedTest
  @EnumSource(Statistic.class)
  void newPicturesWithoutTheLabelsAreCalledSoAsOftenAsWanted(Statistic statistic) {
    ClassWeights classes = ClassWeights.embed(MODEL, List.of("red", "green"), List.of("{}"));
    ZeroShotClassifier classifier = new ZeroShotClassifier(MODEL, classes);
    double[] scores =
        classify(classifier, scenes(2, CALIBRATED, 1 << 20)).stream()
            .mapToDouble(all -> NoneOfThese.score(statistic, all))
            .toArray();
    NoneOfThese none = NoneOfThese.calibrate(MODEL, classes, statistic, scores, RATE);
    List<List<Prediction>> without = classify(classifier, scenes(2, HELD_OUT, 1 << 21));
    List<List<Prediction>> with = classify(classifier, scenes(0, 200, 1 << 22));

    // Beta(20, 180) spreads by 0.021, the 800 held-out pictures by 0.011.
    assertThat(share(none, without)).isCloseTo(RATE, within(0.07));
    assertThat(share(none, with)).isGreaterThan(0.9);
    // Without it two labels leave one with at least a half, whatever is shown.
    assertThat(without).allMatch(all -> all.getFirst().probability() >= 0.5);
    assertThat(none.upperRate()).isBetween(RATE, RATE + 0.05);
  }

  @Test
  void aSingleLabelIsJudgedByItsCosine() {
    ClassWeights classes = ClassWeights.embed(MODEL, List.of("red"), List.of("{}"));
    ZeroShotClassifier classifier = new ZeroShotClassifier(MODEL, classes);
    double[] scores =
        classify(classifier, scenes(2, CALIBRATED, 1 << 20)).stream()
            .mapToDouble(all -> NoneOfThese.score(Statistic.COSINE, all))
            .toArray();
    NoneOfThese none = NoneOfThese.calibrate(MODEL, classes, Statistic.COSINE, scores, RATE);
    assertThat(share(none, classify(classifier, scenes(2, HELD_OUT, 1 << 21))))
        .isCloseTo(RATE, within(0.07));
    assertThatThrownBy(() -> NoneOfThese.calibrate(MODEL, classes, Statistic.MCM, scores, RATE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("there is only one");
  }

  /** With cosines c the statistic is max exp(c)/Σ exp(c), at temperature 1 and not the model's. */
  @Test
  void statisticsAreThoseOfTheirEquations() {
    double[] cosines = {0.1, 0.3, 0.2};
    double sum = Math.exp(0.1) + Math.exp(0.3) + Math.exp(0.2);
    assertThat(Statistic.MCM.of(cosines)).isCloseTo(Math.exp(0.3) / sum, within(1e-15));
    assertThat(Statistic.COSINE.of(cosines)).isEqualTo(0.3);
    double[] closer = {0.2, 0.4, 0.3}; // to every text: the one notices, the other does not
    assertThat(Statistic.MCM.of(closer)).isCloseTo(Statistic.MCM.of(cosines), within(1e-15));
    assertThat(Statistic.COSINE.of(closer)).isEqualTo(0.4);
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    ClassWeights classes = ClassWeights.embed(MODEL, List.of("red", "green"), List.of("{}"));
    double[] scores = {0.3, 0.1, 0.2};
    NoneOfThese none = NoneOfThese.calibrate(MODEL, classes, Statistic.MCM, scores, 0.3);
    assertThat(none.threshold()).isEqualTo(0.3);
    assertThat(none.isNone(0.3)).isTrue();
    assertThat(none.isNone(Math.nextUp(0.3))).isFalse();
    assertThat(none.isNone(Double.NaN)).isTrue();
    Path file = folder.resolve("none.json");
    none.write(file);
    assertThat(NoneOfThese.read(file)).isEqualTo(none);
    none.require(file, MODEL, classes);

    String text = Files.readString(file);
    refused(text.replace("0.3,", "null,"), "is no calibration");
    refused(text.substring(0, text.length() / 2), "is no calibration");
    refused("{}", "is no calibration");
    refused(text.replace("\"format\" : 1", "\"format\" : 7"), "has the format 7");
    refused(text.replace("MCM", "GUESS"), "is no calibration");
    Files.delete(file);
    assertThatThrownBy(() -> NoneOfThese.read(file))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("there is no such file");
  }

  private void refused(String text, String words) throws IOException {
    Path file = Files.writeString(folder.resolve("damaged.json"), text);
    assertThatThrownBy(() -> NoneOfThese.read(file))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("damaged.json")
        .hasMessageContaining(words);
  }

  @Test
  void itIsForOneModelItsLabelsAndTemplates() {
    List<String> labels = List.of("cat", "dog");
    try (Diptych model = Tiny.model(1);
        Diptych other = Tiny.model(2)) {
      ClassWeights classes = ClassWeights.embed(model, labels, List.of("{}"));
      NoneOfThese none =
          NoneOfThese.calibrate(model, classes, Statistic.MCM, new double[] {0.3, 0.1}, 0.5);
      Path file = Path.of("none.json");
      none.require(file, model, ClassWeights.embed(model, labels, List.of("{}")));
      assertThatThrownBy(
              () -> none.require(file, other, ClassWeights.embed(other, labels, List.of("{}"))))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("a model with other weights");
      assertThatThrownBy(() ->
              none.require(
                  file, model, ClassWeights.embed(model, List.of("dog", "cat"), List.of("{}"))))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("other labels: cat, dog; found dog, cat");
      assertThatThrownBy(
              () -> none.require(file, model, ClassWeights.embed(model, labels, List.of("a {}"))))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("other templates");
    }
  }
}
