package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.train.RunFolder;
import dev.diptych.clip.train.TrainOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Training from the command line: what it leaves behind, and what it says to a user's mistakes. */
class TrainCommandTest {
  @TempDir Path folder = Path.of(".");
  private Path data = Path.of(".");
  private Path logs = Path.of(".");

  @BeforeEach
  void writeData() throws IOException {
    data = Squares.table(folder.resolve("data"), 9);
    logs = folder.resolve("runs");
  }

  /** Three steps of the smallest preset, or with other options. */
  private Cli.Outcome train(Object... options) {
    List<Object> all = new ArrayList<>(List.of("train"));
    all.addAll(Arrays.asList(options));
    Object[][] usual = {
      {"--logs", logs},
      {"--data", data},
      {"--model", "mini-48"},
      {"--steps", 3},
      {"--batch-size", 4},
      {"--warmup", 1},
      {"--vocab-size", 520}
    };
    for (Object[] option : usual) {
      if (!all.contains(option[0])) {
        all.addAll(Arrays.asList(option));
      }
    }
    return Cli.run(all.toArray());
  }

  @Test
  void leavesAWholeRun() throws IOException {
    Cli.Outcome outcome =
        train("--name", "whole", "--val-data", data, "--val-every", 2, "--embed-dim", 40)
            .succeeded();
    RunFolder run = new RunFolder(logs.resolve("whole"));
    assertThat(run.checkpoints()).containsExactly(run.checkpoint(3));
    assertThat(run.path().resolve("vocab.json")).exists();
    assertThat(run.path().resolve("merges.txt")).exists();
    assertThat(run.readSettings().train().steps()).isEqualTo(3);
    assertThat(run.readSettings().model().embedDim()).isEqualTo(40);
    assertThat(run.readSettings().train().beta2()).isEqualTo(0.98);
    assertThat(run.readSettings().train().epsilon()).isEqualTo(1e-6);
    assertThat(outcome.out())
        .contains("9 pictures, 3 steps of 4", "Validation: 9 pictures, 9 different captions")
        .contains("step 3/3", "Done: " + run.path());
    JsonNode last = run.readLog(3).getLast();
    assertThat(last.path("val/image_to_text_R@10").asDouble()).isEqualTo(1);
    assertThat(last.has("val/zero_shot_acc1")).as("there are no labels").isFalse();
    // Going on with a run that has ended says so and changes nothing.
    byte[] log = Files.readAllBytes(run.path().resolve("log.jsonl"));
    assertThat(Cli.run("train", "--resume", run.path()).succeeded().out())
        .contains("is done already: all 3 steps");
    assertThat(run.path().resolve("log.jsonl")).hasBinaryContent(log);
    // A run is not overwritten.
    train("--name", "whole").refused("exists already", "--resume " + run.path(), "another --name");
  }

  /**
   * Trained, validated, stopped, gone on with, and used; with the paper's constants for ResNets.
   */
  @Test
  void aResNetIsTrainedAndUsed() throws IOException {
    train("--model", "mini-rn-64", "--val-data", data, "--val-every", 2).succeeded();
    RunFolder run = new RunFolder(logs.resolve("train"));
    assertThat(run.readSettings().train().beta2()).isEqualTo(0.999);
    assertThat(run.readSettings().train().epsilon()).isEqualTo(1e-8);
    assertThat(Cli.run("train", "--resume", run.path()).succeeded().out()).contains("done already");
    Path picture = data.resolveSibling("3.png");
    Cli.Outcome answer =
        Cli.run("classify", "--model", run.path(), picture, "--labels", "red", "green");
    assertThat(answer.succeeded().out()).contains("red", "green");
    Path index = folder.resolve("index");
    Cli.run("index", folder.resolve("data"), "--model", run.path(), "--out", index).succeeded();
    assertThat(Cli.run("search", index, "square number 3").succeeded().out()).contains(".png");
    train("--name", "other", "--beta1", 0.8, "--beta2", 0.95, "--eps", 1e-7).succeeded();
    TrainOptions other = new RunFolder(logs.resolve("other")).readSettings().train();
    assertThat(other.beta1()).isEqualTo(0.8);
    assertThat(other.beta2()).isEqualTo(0.95);
    assertThat(other.epsilon()).isEqualTo(1e-7);
    train("--name", "wrong", "--beta2", 1).refused("beta2 from 0 to below 1");
  }

  @Test
  void labelsGiveZeroShotAccuracy() throws IOException {
    Path shard = Squares.shard(folder.resolve("labelled.tar"), 9);
    Path names = Squares.classNames(folder.resolve("names.txt"));
    train("--val-data", shard, "--val-classnames", names).succeeded();
    JsonNode last = new RunFolder(logs.resolve("train")).readLog(3).getLast();
    assertThat(last.path("val/zero_shot_acc1").asDouble(-1)).isBetween(0.0, 1.0);
    assertThat(last.path("val/zero_shot_acc5").asDouble(-1))
        .isBetween(last.path("val/zero_shot_acc1").asDouble(), 1.0);
    train("--name", "a", "--val-classnames", names).refused("--val-classnames needs --val-data");
    train("--name", "b", "--val-data", data, "--val-classnames", names)
        .refused("squares.csv", "no picture has a label");
    Path few = Files.writeString(folder.resolve("few.txt"), "red\ngreen\n");
    train("--name", "c", "--val-data", shard, "--val-classnames", few)
        .refused("the label '2' of 2", "2 names of classes", "0 to 1");
    train("--name", "d", "--val-data", shard, "--val-classnames", folder.resolve("none.txt"))
        .refused("none.txt: there is no such file");
  }

  @Test
  void unknownPreset() {
    train("--model", "ViT-Z/99").refused("no preset 'ViT-Z/99'", "mini-48", "ViT-B/32", "ViT-L/14");
    assertThat(logs).doesNotExist();
  }

  @Test
  void missingData() {
    Cli.run("train", "--logs", logs).refused("nothing to learn from", "--data", "--resume");
    train("--data", folder.resolve("none.csv")).refused("none.csv", "no such file", "--data");
    train("--data", folder + "/part-{0..2}.tar").refused("part-0.tar", "3 of the 3 files");
    train("--val-data", folder.resolve("none.csv")).refused("none.csv", "no such file");
    train("--vocab", folder.resolve("none")).refused("none: no such file");
  }

  @Test
  void missingColumn() {
    train("--csv-caption-key", "words").refused("squares.csv", "words", "filepath", "title");
    train("--csv-separator", "||").refused("--csv-separator must be one character");
  }

  @Test
  void fewerPicturesThanABatch() {
    train("--batch-size", 10).refused("9 pictures", "fewer than one batch of 10", "--batch-size");
  }

  @Test
  void warmUpLongerThanTheRun() {
    train("--warmup", 3).refused("warm-up of 3 steps must be shorter than the run of 3 steps");
  }

  @ParameterizedTest
  @CsvSource({
    "--batch-size, 0, at least 2 pairs",
    "--batch-size, -4, at least 2 pairs",
    "--steps, 0, at least 1 step",
    "--lr, 0, learning rate > 0",
    "--lr, NaN, learning rate > 0",
    "--wd, NaN, weight decay",
    "--lr, fast, --lr",
    "--keep, 0, 1 checkpoint kept",
    "--log-every-n-steps, 0, 1 step between log lines",
    "--aug-scale, 0, share of the picture's area",
    "--aug-scale, 1.5, share of the picture's area",
    "--aug-flip, 2, probability of mirroring",
    "--max-bad, -1, bad records to put up with",
    "--max-bad-fraction, 7, bad records to put up with",
    "--vocab-size, 100, size of a vocabulary",
    "--workers, 0, at least 1",
  })
  void numbersThatMakeNoSense(String option, String value, String words) {
    train(option, value).refused(words);
  }

  @Test
  void aLossThatRunsAway() {
    train("--lr", "1e30", "--steps", 9, "--grad-clip-norm", 0)
        .refused("the loss is", "Lower the learning rate", "nothing was updated");
  }

  @Test
  void resumingWhatIsNoRun() throws IOException {
    Cli.run("train", "--resume", folder.resolve("none")).refused("none", "not the folder of a run");
    Cli.run("train", "--resume", folder).refused("config.json is missing");
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"clip\"}");
    Cli.run("train", "--resume", folder).refused("config.json", "not the configuration of a run");
    Files.writeString(folder.resolve("config.json"), "{");
    Cli.run("train", "--resume", folder).refused("config.json", "not the configuration of a run");
  }

  @Test
  void aDamagedPictureIsSkippedAndCounted() throws IOException {
    Path picture = folder.resolve("data/4.png");
    Files.write(picture, Arrays.copyOf(Files.readAllBytes(picture), 40));
    Files.writeString(folder.resolve("data/5.png"), "no picture at all");
    Files.delete(folder.resolve("data/6.png"));
    Cli.Outcome outcome = train("--steps", 6, "--val-data", data).succeeded();
    assertThat(outcome.out())
        .contains("Skipped: 3 bad records skipped (1 no picture, 2 unreadable picture)")
        .contains("Validation: 6 pictures")
        .contains("step 6/6");
    train("--name", "strict", "--max-bad", 0, "--max-bad-fraction", 0)
        .refused("bad, more than the 0 allowed", "6.png", "--max-bad");
  }

  @Test
  void aDamagedShardIsUsedUpToTheDamage() throws IOException {
    Path shard = Squares.shard(folder.resolve("squares.tar"), 12);
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(bytes, 3 * 3 * 1024 * 2 + 700)); // in the seventh example
    assertThat(train("--data", shard).succeeded().out())
        .contains("Skipped: ", "damaged shard", "step 3/3");
    Files.write(shard, new byte[700]);
    train("--name", "b", "--data", shard).refused("squares.tar");
    Files.writeString(shard, "this is no archive of anything, only a line of text");
    train("--name", "c", "--data", shard).refused("squares.tar");
  }

  @Test
  void aRunThatCannotBeWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    train("--logs", file).refused(file.toString());
  }
}
