package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Tiny;
import dev.diptych.clip.zeroshot.NoneOfThese;
import dev.diptych.clip.zeroshot.Statistic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From pictures without the labels to answers that say so. */
class CalibrateCommandTest {
  @TempDir private Path folder;
  private Path model = Path.of(".");
  private Path negatives = Path.of(".");
  private Path none = Path.of(".");

  @BeforeEach
  void draw() {
    model = Tiny.save(folder.resolve("model"), 3);
    negatives = folder.resolve("negatives");
    for (int i = 0; i < 24; i++) {
      Tiny.png(negatives.resolve("p" + i + ".png"), i);
    }
    none = folder.resolve("none.json");
  }

  private Cli.Outcome calibrate(Object... more) {
    Object[] words = {"calibrate", "--model", model, negatives, "--out", none};
    Object[] all = java.util.Arrays.copyOf(words, words.length + more.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return Cli.run(all);
  }

  @Test
  void thePicturesOfTheCalibrationPassAsOftenAsTheEquationSays() {
    Cli.Outcome outcome =
        calibrate("--labels", "cat", "dog", "lamp", "--false-alarms", 0.2).succeeded();
    assertThat(outcome.out())
        .contains("unless the mcm is above", "24 pictures that show none of 3 labels")
        .contains("at most 20 % are to be given a label");
    NoneOfThese written = NoneOfThese.read(none);
    assertThat(written.pictures()).isEqualTo(24);
    assertThat(written.labels()).containsExactly("cat", "dog", "lamp");

    List<JsonNode> answers =
        Cli.run(
                "classify",
                "--model",
                model,
                negatives,
                "--labels",
                "cat",
                "dog",
                "lamp",
                "--none-of-these",
                none,
                "--format",
                "jsonl")
            .succeeded()
            .out()
            .lines()
            .map(line -> JsonMapper.shared().readTree(line))
            .toList();
    // The 20th smallest of 24 is the threshold, and four lie above it.
    assertThat(answers.stream().filter(answer -> !answer.get("none_of_these").asBoolean()))
        .hasSize(4)
        .allMatch(answer -> answer.get("score").asDouble() > answer.get("threshold").asDouble());
    String table =
        Cli.run(
                "classify",
                "--model",
                model,
                negatives,
                "--labels",
                "cat",
                "dog",
                "lamp",
                "--none-of-these",
                none)
            .succeeded()
            .out();
    assertThat(table.lines().filter(line -> line.equals("            none of these"))).hasSize(20);
    assertThat(
            Cli.run(
                    "classify",
                    "--model",
                    model,
                    negatives,
                    "--labels",
                    "cat",
                    "dog",
                    "lamp",
                    "--none-of-these",
                    none,
                    "--format",
                    "csv",
                    "--top",
                    1)
                .succeeded()
                .out()
                .lines()
                .filter(line -> line.endsWith(",true")))
        .hasSize(20);
  }

  @Test
  void positivesAreCountedByWhatTheyKeep() throws IOException {
    Path positives = folder.resolve("positives");
    for (int i = 0; i < 12; i++) {
      Tiny.png(positives.resolve(i < 8 ? "cat" : "elsewhere").resolve("p" + i + ".png"), 100 + i);
    }
    String out =
        calibrate("--labels", "cat", "dog", "--false-alarms", 0.5, "--positives", positives)
            .succeeded()
            .out();
    assertThat(out).contains("of 12 pictures that show one", "of 8 whose class is a label");
    Path shard = Squares.shard(folder.resolve("s.tar"), 10); // of classes 0 to 5
    assertThat(
            calibrate("--labels", "cat", "dog", "--false-alarms", 0.5, "--positives", shard)
                .succeeded()
                .out())
        .contains("of 10 pictures that show one", "of 4 whose class is a label");
    assertThat(Files.readString(none)).contains("\"falseAlarms\" : 0.5");
  }

  @Test
  void aSingleLabelTakesTheCosine() {
    calibrate("--labels", "cat").succeeded();
    assertThat(NoneOfThese.read(none).statistic()).isEqualTo(Statistic.COSINE);
    calibrate("--labels", "cat", "--statistic", "mcm").refused("there is only one");
    calibrate("--labels", "cat", "dog", "--statistic", "cosine").succeeded();
    assertThat(NoneOfThese.read(none).statistic()).isEqualTo(Statistic.COSINE);
  }

  @Test
  void refusals() throws IOException {
    calibrate("--labels", "cat", "dog", "--false-alarms", 0.01)
        .refused("24 pictures are too few", "it takes 99");
    calibrate("--labels", "cat", "dog", "--false-alarms", 0).refused("between 0 and 1");
    calibrate().refused("no labels to choose from");
    assertThat(none).doesNotExist();
    calibrate("--labels", "cat", "dog").succeeded();
    Path picture = negatives.resolve("p0.png");
    Path other = Tiny.save(folder.resolve("other"), 4);
    Cli.run(
            "classify",
            "--model",
            other,
            picture,
            "--labels",
            "cat",
            "dog",
            "--none-of-these",
            none)
        .refused("none.json was calibrated for a model with other weights");
    Cli.run("classify", "--model", model, picture, "--labels", "cat", "--none-of-these", none)
        .refused("none.json was calibrated for other labels: cat, dog; found cat");
    Cli.run(
            "classify",
            "--model",
            model,
            picture,
            "--labels",
            "cat",
            "dog",
            "--template",
            "{}",
            "--none-of-these",
            none)
        .refused("none.json was calibrated with other templates");
    Files.writeString(none, "{");
    Cli.run("classify", "--model", model, picture, "--labels", "cat", "--none-of-these", none)
        .refused("none.json is no calibration");
  }
}
