package dev.diptych.clip.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.retrieval.PictureIndex.Hit;
import dev.diptych.clip.retrieval.PictureIndex.Search;
import dev.diptych.clip.retrieval.PictureIndexer.Update;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureIndexTest {
  private static final int PICTURES = 9;

  private final Diptych model = Tiny.model(5);
  @TempDir private Path folder;
  private Path pictures = Path.of("");
  private Path index = Path.of("");

  @BeforeEach
  void draw() {
    pictures = folder.resolve("pictures");
    index = folder.resolve("idx");
    for (int i = 0; i < PICTURES; i++) {
      Tiny.png(pictures.resolve("d%d/p%d.png".formatted(i % 2, i)), i);
    }
  }

  @AfterEach
  void close() {
    model.close();
  }

  private Update update() {
    return update(model, false);
  }

  private Update update(Diptych with, boolean rebuild) {
    return new PictureIndexer(index, with, "m", "", 4)
        .update(List.of(pictures.toString()), rebuild, BadLimit.DEFAULT, count -> {});
  }

  private Path picture(int i) {
    return pictures.resolve("d%d/p%d.png".formatted(i % 2, i)).toAbsolutePath();
  }

  private float[] embedding(Path file) {
    return model.embedPictures(List.of(PictureDecoder.read(file)))[0];
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** Every picture of the folder is found exactly once, with the score it must have. */
  private void assertHolds(int count) throws IOException {
    float[] query = new Query().plus("a cat").vector(model);
    try (PictureIndex opened = PictureIndex.open(index);
        Stream<Path> files = Files.walk(pictures)) {
      List<Path> present = files.filter(file -> file.toString().endsWith(".png")).toList();
      List<Hit> hits = opened.search(query, 100, Search.EXACT);
      assertThat(opened.size()).isEqualTo(count);
      assertThat(hits)
          .extracting(Hit::picture)
          .containsExactlyInAnyOrderElementsOf(
              present.stream().map(file -> file.toAbsolutePath().toString()).toList());
      for (Hit hit : hits) {
        double expected = dot(query, embedding(Path.of(hit.picture())));
        assertThat(hit.score()).isCloseTo(expected, within(1e-6));
      }
      assertThat(hits).isSortedAccordingTo(Comparator.comparingDouble(Hit::score).reversed());
      List<Hit> approximate = opened.search(query, 100, Search.APPROXIMATE);
      assertThat(approximate).hasSameSizeAs(hits);
      for (int i = 0; i < hits.size(); i++) {
        assertThat(approximate.get(i).score()).isCloseTo(hits.get(i).score(), within(1e-6));
      }
    }
  }

  @Test
  void followsWhatHappensToTheFiles() throws IOException {
    assertThat(update()).isEqualTo(new Update(PICTURES, 0, 0, 0));
    assertHolds(PICTURES);
    assertThat(update()).isEqualTo(new Update(0, 0, 0, PICTURES));

    Tiny.png(picture(2), 40); // other pixels
    Files.setLastModifiedTime(picture(2), FileTime.fromMillis(1_000_000));
    Files.delete(picture(3));
    Files.move(picture(4), pictures.resolve("renamed.png"));
    Tiny.png(pictures.resolve("new.png"), 41);
    assertThat(update()).isEqualTo(new Update(2, 1, 2, PICTURES - 3));
    assertHolds(PICTURES);
  }

  @Test
  void sourcesAreKeptApart() throws IOException {
    update();
    Path other = Tiny.png(folder.resolve("other/x.png"), 50);
    PictureIndexer indexer = new PictureIndexer(index, model, "m", "", 4);
    List<String> second = List.of(folder.resolve("other").toString());
    assertThat(indexer.update(second, false, BadLimit.NONE, count -> {}))
        .isEqualTo(new Update(1, 0, 0, 0));
    Files.delete(picture(0));
    Tiny.png(folder.resolve("other/y.png"), 51);
    Files.delete(other);
    assertThat(indexer.update(second, false, BadLimit.NONE, count -> {}))
        .isEqualTo(new Update(1, 0, 1, 0));
    try (PictureIndex opened = PictureIndex.open(index)) {
      assertThat(opened.size()).isEqualTo(PICTURES + 1); // picture 0 is not this source's
    }
  }

  @Test
  void aPictureThatBecameUnreadableIsForgotten() throws IOException {
    update();
    Files.writeString(picture(1), "no picture any more");
    Files.writeString(pictures.resolve("never.png"), "nor this");
    assertThat(update().changed()).isEqualTo(1);
    try (PictureIndex opened = PictureIndex.open(index)) {
      assertThat(opened.size()).isEqualTo(PICTURES - 1);
      assertThatThrownBy(() -> opened.picture(picture(1).toString()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("is not in the index");
    }
  }

  @Test
  void opensWhatItHoldsAndNothingElse() throws IOException {
    update();
    Path secret = Files.writeString(folder.resolve("secret.txt"), "secret");
    try (PictureIndex opened = PictureIndex.open(index)) {
      assertThat(opened.picture(picture(5).toString()).read())
          .isEqualTo(Files.readAllBytes(picture(5)));
      for (String name :
          List.of(
              secret.toString(),
              pictures + "/../secret.txt",
              pictures.resolve("d1/../../secret.txt").toString(),
              "",
              "/etc/passwd")) {
        assertThatThrownBy(() -> opened.picture(name)).isInstanceOf(UserException.class);
      }
    }
  }

  @Test
  void refusesTheVectorsOfAnotherModel() throws IOException {
    update();
    try (Diptych other = Tiny.model(6);
        PictureIndex opened = PictureIndex.open(index)) {
      assertThatThrownBy(() -> update(other, false))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("--rebuild");
      assertThatThrownBy(() -> opened.requireModel(other, "other"))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("whose weights differ");
      opened.requireModel(model, "m");
      assertThat(update(other, true)).isEqualTo(new Update(PICTURES, 0, 0, 0));
      assertThat(opened.size()).isEqualTo(PICTURES); // what was opened before stays as it was
    }
    assertThatThrownBy(this::update).isInstanceOf(UserException.class);
  }

  @Test
  void aSecondWriterIsRefused() {
    Tiny.png(pictures.resolve("z.png"), 3);
    assertThatThrownBy(() ->
            new PictureIndexer(index, model, "m", "", 4)
                .update(
                    List.of(pictures.toString()),
                    false,
                    BadLimit.NONE,
                    amount -> {
                      if (amount > 0) {
                        update();
                      }
                    }))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("another process is writing");
  }

  @Test
  void damageIsNamed() throws IOException {
    assertThatThrownBy(() -> PictureIndex.open(pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("is no index");
    update();
    try (Stream<Path> files = Files.list(index.resolve("lucene"))) {
      for (Path file : files.filter(f -> f.toString().contains("segments_")).toList()) {
        Files.writeString(file, "garbage");
      }
    }
    assertThatThrownBy(() -> PictureIndex.open(index))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("damaged");
    Files.writeString(index.resolve("index.json"), "{\"format\": 1}");
    assertThatThrownBy(() -> PictureIndex.open(index))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("index.json is damaged");
    Files.writeString(index.resolve("index.json"), "{");
    assertThatThrownBy(() -> PictureIndex.open(index)).isInstanceOf(UserException.class);
    assertThat(update(model, true)).isEqualTo(new Update(PICTURES, 0, 0, 0));
    assertHolds(PICTURES);
  }

  @Test
  void theGraphFindsNearlyAllOfTheNearest() {
    pictures = folder.resolve("many");
    for (int i = 0; i < 400; i++) {
      Tiny.png(pictures.resolve("p%03d.png".formatted(i)), i);
    }
    update();
    try (PictureIndex opened = PictureIndex.open(index)) {
      assertThat(opened.measureRecall(100, 10)).isGreaterThan(0.95);
    }
  }

  @Test
  void queriesAreNormalisedSums() {
    float[] cat = model.embedTexts(List.of("a cat"))[0];
    float[] lamp = model.embedTexts(List.of("a lamp"))[0];
    float[] shown = embedding(picture(3));
    float[] query =
        new Query()
            .plus("a cat")
            .minus("a lamp")
            .plus(PictureDecoder.read(picture(3)))
            .minus(embedding(picture(4)))
            .vector(model);
    float[] other = embedding(picture(4));
    double[] sum = new double[cat.length];
    double squares = 0;
    for (int i = 0; i < sum.length; i++) {
      sum[i] = (double) cat[i] - lamp[i] + shown[i] - other[i];
      squares += sum[i] * sum[i];
    }
    List<Double> expected = new ArrayList<>();
    for (double value : sum) {
      expected.add(value / Math.sqrt(squares));
    }
    for (int i = 0; i < query.length; i++) {
      assertThat((double) query[i]).isCloseTo(expected.get(i), within(1e-6));
    }
    assertThatThrownBy(() -> new Query().vector(model)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> new Query().plus("a cat").minus("a cat").vector(model))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("cancel each other");
  }
}
