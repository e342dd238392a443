package dev.diptych.clip.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.DataOptions;
import dev.diptych.clip.data.DataSource;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Evaluations of a model of random weights: what is measured is the measuring. */
class EvaluationsTest {
  @TempDir private Path folder;
  private final Diptych model = Tiny.model(3);

  @AfterEach
  void close() {
    model.close();
  }

  private void imageFolder() {
    for (int i = 0; i < 12; i++) {
      Tiny.png(folder.resolve(List.of("cat", "red_dog", "lamp").get(i % 3) + "/" + i + ".png"), i);
    }
  }

  private LabelledPictures open(BadLimit limit) {
    return LabelledPictures.open(folder.toString(), "test", null, limit);
  }

  @Test
  void zeroShotIsWhatTheClassifierSaysOfEachPicture() throws IOException {
    imageFolder();
    Files.writeString(folder.resolve("lamp/broken.png"), "no picture");
    Tiny.png(folder.resolve("nowhere.png"), 20);
    LabelledPictures pictures = open(BadLimit.DEFAULT);
    assertThat(pictures.classes().names()).containsExactly("cat", "lamp", "red dog");
    assertThat(pictures.named()).isFalse();
    ClassWeights weights =
        ClassWeights.embed(model, pictures.classes().names(), List.of("a photo of a {}.", "{}"));
    long[] done = new long[1];
    Classification found =
        ZeroShotEvaluation.measure(model, pictures, weights, 5, count -> done[0] += count);
    ZeroShotClassifier classifier = new ZeroShotClassifier(model, weights);
    int right = 0;
    for (int i = 0; i < 12; i++) {
      Path file = folder.resolve(List.of("cat", "red_dog", "lamp").get(i % 3) + "/" + i + ".png");
      float[] embedding = model.embedPictures(List.of(PictureDecoder.read(file)))[0];
      String said = classifier.classify(embedding).getFirst().label();
      right += said.equals(List.of("cat", "red dog", "lamp").get(i % 3)) ? 1 : 0;
    }
    assertThat(found.total()).isEqualTo(12);
    assertThat(done[0]).isEqualTo(12);
    assertThat(found.accuracy()).isCloseTo(right / 12.0, within(1e-12));
    assertThat(pictures.source().bad().count(BadReason.CORRUPT_PICTURE)).isEqualTo(1);
    assertThat(pictures.source().bad().count(BadReason.MISSING_LABEL)).isEqualTo(1);
    LabelledPictures strict = open(new BadLimit(1, 0));
    assertThatThrownBy(() -> ZeroShotEvaluation.measure(model, strict, weights, 5, count -> {}))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("2 of 14 records are bad");
  }

  @Test
  void listsBesideThePicturesAreFound() throws IOException {
    imageFolder();
    Files.writeString(folder.resolve("classnames.txt"), "a cat\na lamp\na dog\n");
    Files.writeString(folder.resolve("zeroshot_classification_templates.txt"), "a photo of {c}\n");
    LabelledPictures pictures = open(BadLimit.DEFAULT);
    assertThat(pictures.named()).isTrue();
    assertThat(pictures.classes().names()).containsExactly("a cat", "a lamp", "a dog");
    assertThat(pictures.classes().indexOf("red_dog")).isEqualTo(2); // in alphabetical order
    assertThat(pictures.templates()).containsExactly("a photo of {}");
    Files.writeString(folder.resolve("classnames.txt"), "a cat\na lamp\n");
    assertThatThrownBy(() -> open(BadLimit.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("the label 'cat' of cat/0.png is neither one of the 2 names");
  }

  @Test
  void picturesWithoutAnyClassAreRefused() {
    Tiny.png(folder.resolve("1.png"), 1);
    assertThatThrownBy(() -> open(BadLimit.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no picture has a class");
  }

  @Test
  void featuresAreKeptAndMadeAnewWhenAPictureChanges() throws IOException {
    imageFolder();
    Path cache = folder.resolve(".cache");
    FeatureSet first = FeatureSet.cached(cache, model, open(BadLimit.NONE), 4, count -> {});
    assertThat(first.x().shape()).isEqualTo(Shape.of(12, 24));
    Path file = only(cache);
    FileTime written = Files.getLastModifiedTime(file);
    FeatureSet again = FeatureSet.cached(cache, model, open(BadLimit.NONE), 4, count -> {});
    assertThat(again.x().toArray()).containsExactly(first.x().toArray());
    assertThat(again.labels()).containsExactly(first.labels());
    assertThat(Files.getLastModifiedTime(only(cache))).isEqualTo(written);
    Tiny.png(folder.resolve("cat/0.png"), 77);
    Files.setLastModifiedTime(folder.resolve("cat/0.png"), FileTime.fromMillis(1));
    FeatureSet changed = FeatureSet.cached(cache, model, open(BadLimit.NONE), 4, count -> {});
    assertThat(changed.x().toArray()).isNotEqualTo(first.x().toArray());
    try (var files = Files.list(cache)) {
      List<Path> kept = files.toList();
      assertThat(kept).hasSize(2);
      for (Path one : kept) {
        Files.write(one, new byte[20]);
      }
    }
    assertThatThrownBy(() -> FeatureSet.cached(cache, model, open(BadLimit.NONE), 4, count -> {}))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("delete it, it is made again");
  }

  private static Path only(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .reduce((a, b) -> {
            throw new AssertionError("two files: " + a + " and " + b);
          })
          .orElseThrow();
    }
  }

  @Test
  void retrievalCountsEachCaptionForItsPictureAlone() throws IOException {
    for (int i = 0; i < 3; i++) {
      Tiny.png(folder.resolve(i + ".png"), i);
    }
    Files.writeString(
        folder.resolve("captions.csv"),
        "image,caption\n0.png,a cat\n0.png,a lamp\n1.png,a cat\n2.png,two red dogs\n3.png,gone\n");
    IndexedSource source = DataSource.openIndexed(folder.toString(), DataOptions.DEFAULT);
    Retrieval found =
        RetrievalEvaluation.measure(model, source, "{}", Integer.MAX_VALUE, 2, count -> {});
    float[][] pictures = new float[3][];
    for (int i = 0; i < 3; i++) {
      pictures[i] =
          model.embedPictures(List.of(PictureDecoder.read(folder.resolve(i + ".png"))))[0];
    }
    Retrieval expected =
        Retrieval.measure(
            rows(pictures),
            new int[] {0, 1, 2},
            rows(model.embedTexts(List.of("a cat", "a lamp", "a cat", "two red dogs"))),
            new int[] {0, 0, 1, 2});
    assertThat(found.metrics()).isEqualTo(expected.metrics());
    assertThat(found.texts()).isEqualTo(4);
    Retrieval first = RetrievalEvaluation.measure(model, source, "a {}", 1, 2, count -> {});
    assertThat(first.texts()).isEqualTo(3);
    assertThat(first.benchmarkMetrics())
        .containsEntry("image_retrieval_recall@1", first.textToImage()[0])
        .containsEntry("text_retrieval_recall@5", first.imageToText()[1]);
  }

  private static Tensor rows(float[][] rows) {
    float[] flat = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * rows[0].length, rows[0].length);
    }
    return Tensor.of(flat, Shape.of(rows.length, rows[0].length));
  }

  /** 6,000 × 6,000 similarities are 144 MB; a small part of them is in memory at a time. */
  @Test
  void similaritiesAreNeverAllInMemory() {
    int count = 6_000;
    Philox random = new Philox(1, 0);
    float[] values = new float[count * 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    int[] groups = new int[count];
    Arrays.setAll(groups, i -> i);
    Tensor rows = Tensor.of(values, Shape.of(count, 4));
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      int[] ranks = Retrieval.ranks(scope, rows, groups, rows, groups);
      assertThat(scope.peakBytes()).isBetween(4L * count, 4L * count * count / 16);
      int middle = 3_456;
      int expected = 0;
      for (int j = 0; j < count; j++) {
        expected += j != middle && dot(values, middle, j) >= dot(values, middle, middle) ? 1 : 0;
      }
      assertThat(ranks[middle]).isEqualTo(expected);
    }
  }

  private static float dot(float[] rows, int i, int j) {
    float sum = 0;
    for (int k = 0; k < 4; k++) {
      sum = Math.fma(rows[4 * i + k], rows[4 * j + k], sum);
    }
    return sum;
  }

  @Test
  void medianRankIsRoundedDown() {
    // Similarities of three queries with their partners first, second and third; four in all.
    Retrieval found =
        Retrieval.measure(
            Tensor.of(new float[] {1, 1, 1, 1}, Shape.of(4, 1)),
            new int[] {0, 1, 2, 3},
            Tensor.of(new float[] {4, 3, 2, 1}, Shape.of(4, 1)),
            new int[] {0, 1, 2, 3});
    assertThat(found.imageToTextMeanRank()).isEqualTo(2.5);
    assertThat(found.imageToTextMedianRank()).isEqualTo(2); // floor(1.5) + 1
    assertThat(found.textToImageMedianRank()).isEqualTo(4);
  }
}
