package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.train.RunFolder;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Questions to a run on the command line: answers, and what is said to a user's mistakes. */
class ClassifyCommandTest {
  @TempDir static Path shared = Path.of(".");
  private static Path run = Path.of(".");

  @TempDir Path folder = Path.of(".");
  private Path red = Path.of(".");

  @BeforeAll
  static void train() throws IOException {
    Path data = Squares.table(shared.resolve("data"), 8);
    run = Squares.train(shared.resolve("runs"), "tiny", data);
  }

  @BeforeEach
  void drawPicture() throws IOException {
    red = Files.write(folder.resolve("red.png"), Squares.png(3));
  }

  @Test
  void answers() throws IOException {
    Cli.Outcome outcome =
        Cli.run("classify", "--model", run, red, "--labels", "red", "green", "blue").succeeded();
    assertThat(outcome.out()).startsWith(red.toString()).contains("%  red", "%  green", "%  blue");
    double sum =
        outcome
            .out()
            .lines()
            .skip(1)
            .mapToDouble(line -> Double.parseDouble(line.substring(0, line.indexOf('%'))))
            .sum();
    assertThat(sum).isBetween(99.97, 100.03);
    Path names = Squares.classNames(folder.resolve("names.txt"));
    Path checkpoint = Objects.requireNonNull(new RunFolder(run).latestCheckpoint());
    assertThat(
            Cli.run("classify", "--model", checkpoint, red, "--labels-file", names, "--top", 2)
                .succeeded()
                .out()
                .lines())
        .hasSize(3);
  }

  @Test
  void noLabels() throws IOException {
    Cli.run("classify", "--model", run, red).refused("no labels to choose from", "--labels");
    Cli.run("classify", "--model", run, red, "--labels", "cat", " ").refused("a label is empty");
    Path empty = Files.writeString(folder.resolve("empty.txt"), "\n \n");
    Cli.run("classify", "--model", run, red, "--labels-file", empty)
        .refused("empty.txt: holds no name");
    Cli.run("classify", "--model", run, red, "--labels-file", folder.resolve("none.txt"))
        .refused("none.txt: there is no such file");
    Path latin = folder.resolve("latin.txt");
    Files.write(latin, "für\n".getBytes(StandardCharsets.ISO_8859_1));
    Cli.run("classify", "--model", run, red, "--labels-file", latin)
        .refused("latin.txt: is not UTF-8");
  }

  @Test
  void unreadablePicturesDoNotStopTheOthers() throws IOException {
    Path text = Files.writeString(folder.resolve("text.png"), "no picture");
    Path cut = Files.write(folder.resolve("cut.png"), Arrays.copyOf(Squares.png(1), 45));
    Cli.Outcome outcome =
        Cli.run("classify", "--model", run, text, cut, red, "--labels", "cat", "dog");
    outcome.refused("text.png", "cut.png", "2 of 3 pictures that were named could not be read");
    assertThat(outcome.out()).contains(red.toString(), "%  cat", "%  dog");
    Cli.run("classify", "--model", run, folder.resolve("none.png"), red, "--labels", "cat")
        .refused("none.png: there is no such file");
  }

  @Test
  void inFoldersSomeMayBeUnreadable() throws IOException {
    Path some = folder.resolve("some/deep");
    Files.createDirectories(some);
    Files.write(some.resolve("a.png"), Squares.png(1));
    Files.writeString(some.resolve("b.png"), "no picture");
    Files.write(some.resolve("c.png"), Squares.png(2));
    assertThat(
            Cli.run("classify", "--model", run, some, "--labels", "cat").succeeded().out().lines())
        .hasSize(4);
    Cli.Outcome strict =
        Cli.run(
            "classify",
            "--model",
            run,
            some,
            "--labels",
            "cat",
            "--max-bad",
            0,
            "--max-bad-fraction",
            0.2);
    strict.refused("1 of 3 records are bad", "b.png", "--max-bad");
    assertThat(strict.out().lines()).hasSize(4);
  }

  @Test
  void templateWithoutAPlace() {
    Cli.run("classify", "--model", run, red, "--labels", "cat", "--template", "a photo")
        .refused("the template 'a photo' has no {}");
  }

  @Test
  void whatIsNoModel() throws IOException {
    refused(folder.resolve("none"), "there is no model at", "none");
    refused(folder, "holds no model", "config.json");
    Path other = folder.resolve("other.safetensors");
    new SafetensorsWriter()
        .add("encoder.weight", Tensor.of(new float[6], Shape.of(2, 3)))
        .write(other);
    refused(other, "other.safetensors holds no CLIP", "encoder.weight");
    Path flat = folder.resolve("flat.safetensors");
    new SafetensorsWriter()
        .add("visual.proj", Tensor.of(new float[6], Shape.of(6)))
        .add("visual.conv1.weight", Tensor.of(new float[6], Shape.of(6)))
        .write(flat);
    refused(flat, "flat.safetensors", "'visual.conv1.weight' must have 4 axes");
    refused(Files.writeString(folder.resolve("note.txt"), "remember the milk"), "note.txt");
    refused(Files.write(folder.resolve("nothing.safetensors"), new byte[0]), "nothing.safetensors");
  }

  @Test
  void aCheckpointThatWasCutOff() throws IOException {
    byte[] whole =
        Files.readAllBytes(Objects.requireNonNull(new RunFolder(run).latestCheckpoint()));
    for (int length : new int[] {4, 8, 1000, whole.length / 2, whole.length - 1}) {
      Path cut = folder.resolve("cut.safetensors");
      Files.write(cut, Arrays.copyOf(whole, length));
      refused(cut, "cut.safetensors");
    }
  }

  @Test
  void aVocabularyOfAnotherSize() throws IOException {
    Path other = Files.createDirectories(folder.resolve("other"));
    dev.diptych.clip.tokenizer.BpeTrainer.train(java.util.List.of("one two three"), 514, 1)
        .save(other);
    Cli.run("classify", "--model", run, "--vocab", other, red, "--labels", "cat")
        .refused("has 514 tokens", "--vocab");
    Path alone = folder.resolve("alone.safetensors");
    Files.copy(Objects.requireNonNull(new RunFolder(run).latestCheckpoint()), alone);
    refused(alone, "no vocabulary was found beside the model", "--vocab");
  }

  private void refused(Path model, String... words) {
    Cli.run("classify", "--model", model, red, "--labels", "cat").refused(words);
  }

  @Test
  void wrongOptionsAreNamedBriefly() {
    Cli.run("classify", red, "--labels", "cat").refused("--model");
    Cli.run("clasify").refused("clasify", "classify");
    Cli.run("classify", "--model", run, red, "--label", "cat").refused("--label", "--labels");
    assertThat(
            Cli.run("classify", "--model", run, red, "--labels", "cat", "--top", "many")
                .refused("--top", "many", "diptych classify --help")
                .err()
                .lines()
                .count())
        .isLessThan(4);
    Cli.run().refused("Usage: diptych", "train", "demo");
  }
}
