package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.zeroshot.Templates;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import dev.diptych.clip.zeroshot.ZeroShotClassifier.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code classify} writes for other programs, of files, folders and shards together. */
class ClassifyOutputTest {
  private static final List<String> LABELS = List.of("cat", "dog, \"old\"", "lamp");

  @TempDir private Path folder;
  private Path model = Path.of(".");
  private Path photos = Path.of(".");
  private Path one = Path.of(".");

  @BeforeEach
  void draw() {
    model = Tiny.save(folder.resolve("model"), 3);
    photos = folder.resolve("photos");
    for (int i = 0; i < 5; i++) {
      Tiny.png(photos.resolve("dir" + i % 2 + "/p" + i + ".png"), i);
    }
    one = Tiny.png(folder.resolve("download"), 9); // without an ending, as from the web
  }

  private List<Object> command(Object... more) {
    List<Object> words = new ArrayList<>(List.of("classify", "--model", model));
    words.addAll(List.of(more));
    words.add("--labels");
    words.addAll(LABELS);
    return words;
  }

  private Cli.Outcome classify(Object... more) {
    return Cli.run(command(more).toArray());
  }

  /** A picture after the other, through the library. */
  private List<Prediction> expected(Path file) {
    try (Diptych loaded = Diptych.load(model)) {
      return new ZeroShotClassifier(loaded, LABELS, Templates.SIMPLE)
          .classify(loaded.embedPictures(List.of(PictureDecoder.read(file)))[0]);
    }
  }

  private void check(JsonNode answer, Path file, int shown) {
    assertThat(answer.get("path").asString()).isEqualTo(file.toString());
    List<Prediction> expected = expected(file);
    assertThat(answer.get("predictions").size()).isEqualTo(shown);
    for (int i = 0; i < shown; i++) {
      JsonNode found = answer.get("predictions").get(i);
      assertThat(found.get("label").asString()).isEqualTo(expected.get(i).label());
      assertThat(found.get("probability").asDouble()).isEqualTo(expected.get(i).probability());
      assertThat(found.get("cosine").asDouble()).isEqualTo(expected.get(i).similarity());
    }
  }

  @Test
  void jsonLinesOfFilesFoldersAndShards() throws IOException {
    Path shard = Squares.shard(folder.resolve("s.tar"), 3);
    List<JsonNode> answers =
        classify("--format", "jsonl", "--batch-size", 2, one, photos, shard)
            .succeeded()
            .out()
            .lines()
            .map(line -> JsonMapper.shared().readTree(line))
            .toList();
    assertThat(answers).hasSize(1 + 5 + 3);
    check(answers.getFirst(), one, 3);
    List<String> names =
        List.of("dir0/p0.png", "dir0/p2.png", "dir0/p4.png", "dir1/p1.png", "dir1/p3.png");
    for (int i = 0; i < 5; i++) {
      check(answers.get(1 + i), photos.resolve(names.get(i)), 3);
      assertThat(answers.get(1 + i).get("key").asString()).isEqualTo(names.get(i));
    }
    assertThat(answers.getLast().get("path").asString()).isEqualTo(shard + ":2.png");
    assertThat(answers.getLast().get("key").asString()).isEqualTo("2");
    assertThat(answers.getLast().has("none_of_these")).isFalse();
  }

  @Test
  void anArrayInAFile() throws IOException {
    Path out = folder.resolve("new/answers.json");
    Cli.Outcome outcome = classify("--format", "json", "--out", out, "--top", 2, photos);
    assertThat(outcome.succeeded().out()).isEmpty();
    assertThat(outcome.err()).contains("classifying", "5 pictures");
    JsonNode answers = JsonMapper.shared().readTree(Files.readString(out));
    assertThat(answers.size()).isEqualTo(5);
    check(answers.get(1), photos.resolve("dir0/p2.png"), 2);
  }

  @Test
  void aRowALabel() {
    String out = classify("--format", "csv", "--top", 1, one).succeeded().out();
    Prediction best = expected(one).getFirst();
    String label = best.label().startsWith("dog") ? "\"dog, \"\"old\"\"\"" : best.label();
    assertThat(out.lines())
        .containsExactly(
            "path,key,rank,label,probability,cosine",
            one + "," + one + ",1," + label + "," + best.probability() + "," + best.similarity());
  }

  @Test
  void aFileThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    classify("--out", file.resolve("below.csv"), one).refused("below.csv: cannot be written");
    classify("--format", "xml", one).refused("--format", "xml", "JSONL");
  }

  @Test
  void templatesAndClassesByName() throws IOException {
    Path cache = folder.resolve("cache");
    Object[] command = {
      "classify",
      "--model",
      model,
      one,
      "--classes",
      "cifar10",
      "--templates",
      "cifar",
      "--top",
      10,
      "--format",
      "jsonl",
      "--class-cache",
      cache
    };
    String first = Cli.run(command).succeeded().out();
    List<Prediction> expected;
    try (Diptych loaded = Diptych.load(model)) {
      expected =
          new ZeroShotClassifier(
                  loaded,
                  dev.diptych.clip.zeroshot.ClassNames.named("cifar10"),
                  Templates.named("cifar"))
              .classify(loaded.embedPictures(List.of(PictureDecoder.read(one)))[0]);
    }
    JsonNode predictions = JsonMapper.shared().readTree(first).get("predictions");
    for (int i = 0; i < 10; i++) {
      assertThat(predictions.get(i).get("label").asString()).isEqualTo(expected.get(i).label());
      assertThat(predictions.get(i).get("probability").asDouble())
          .isCloseTo(expected.get(i).probability(), within(0.0));
    }
    assertThat(kept(cache)).hasSize(1);
    assertThat(Cli.run(command).succeeded().out()).isEqualTo(first);
    Path untouched = folder.resolve("untouched");
    Cli.run(
            "classify",
            "--model",
            model,
            one,
            "--classes",
            "cifar10",
            "--templates",
            "cifar",
            "--no-cache",
            "--class-cache",
            untouched)
        .succeeded();
    assertThat(untouched).doesNotExist();
  }

  private static List<Path> kept(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
