package dev.diptych.clip.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.weights.ModelFiles;
import dev.diptych.kernels.parallel.Parallel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingTest {
  @TempDir Path folder;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);

  /**
   * The first thing to try when a loss is stuck at ln N: a model must be able to learn by heart.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void learns128PairsByHeart(boolean resNet) {
    ClipConfig config = config(resNet);
    TrainOptions options = new TrainOptions(64, 150, 10, 3e-3, 0, 0.9, 0.98, 1e-6, 1, 5);
    try (Trainer trainer = new Trainer(Clip.create(config, 5), options);
        PairSource pairs = Synthetic.pairs(128, 64, config)) {
      double first = trainer.step(pairs.next()).loss();
      assertThat(first).isBetween(3.5, 6.0); // around ln 64 = 4.16, plus what the scale 14 adds
      Trainer.StepResult last = trainer.step(pairs.next());
      while (!trainer.isDone()) {
        last = trainer.step(pairs.next());
      }
      assertThat(last.loss()).isLessThan(0.05);
      assertThat(last.accuracy()).isEqualTo(1);
      assertThat(last.logitScale()).isBetween(1.0, 100.01);
    }
  }

  private static ClipConfig config(boolean resNet) {
    return resNet ? Synthetic.TINY_RESNET : Synthetic.TINY;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRunThatWasStoppedGoesOnBitForBit(boolean resNet) throws IOException {
    ClipConfig config = config(resNet);
    RunFolder through = new RunFolder(folder.resolve("straight"));
    byte[] straight = Files.readAllBytes(train(config, through, 30));
    RunFolder halting = new RunFolder(folder.resolve("halting"));
    train(config, halting, 7);
    assertThat(halting.latestCheckpoint()).isEqualTo(halting.checkpoint(7));
    train(config, halting, 19);
    byte[] resumed = Files.readAllBytes(train(config, halting, 30));
    assertThat(resumed).isEqualTo(straight);
    assertThat(halting.readLog(Long.MAX_VALUE)).hasSize(30);
    assertThat(halting.checkpoints()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theNumberOfThreadsDoesNotChangeABit(boolean resNet) throws IOException {
    ClipConfig config = config(resNet);
    int before = Parallel.threads();
    try {
      Parallel.setThreads(1);
      byte[] one = Files.readAllBytes(train(config, new RunFolder(folder.resolve("one")), 6));
      Parallel.setThreads(3);
      byte[] three = Files.readAllBytes(train(config, new RunFolder(folder.resolve("three")), 6));
      assertThat(three).isEqualTo(one);
    } finally {
      Parallel.setThreads(before);
    }
  }

  /** Trains until {@code stopAfter} of 30 steps; from the newest checkpoint, if there is one. */
  private Path train(ClipConfig config, RunFolder run, long stopAfter) throws IOException {
    TrainOptions options = new TrainOptions(8, 30, 3, 1e-3, 0.1, 0.9, 0.98, 1e-6, 1, 7);
    Path latest = run.latestCheckpoint();
    Clip clip = latest == null ? Clip.create(config, 7) : ModelFiles.load(latest);
    StopSignal stop = StopSignal.manual();
    PairSource inner = Synthetic.pairs(32, 8, config);
    PairSource pairs =
        new PairSource() {
          private long step;

          @Override
          public void seek(long to) {
            step = to;
            inner.seek(to);
          }

          @Override
          public PairBatch next() {
            if (++step == stopAfter) {
              stop.request();
            }
            return inner.next();
          }

          @Override
          public void close() {}
        };
    try (Trainer trainer = new Trainer(clip, options)) {
      if (latest != null) {
        Checkpoint.restore(trainer, latest);
      }
      TrainingRun.Rhythm rhythm = new TrainingRun.Rhythm(1, 0, 10, 2);
      TrainingRun.Outcome outcome =
          new TrainingRun(run, trainer, pairs, null, rhythm, out).run(stop);
      assertThat(outcome)
          .isEqualTo(stopAfter < 30 ? TrainingRun.Outcome.STOPPED : TrainingRun.Outcome.FINISHED);
    }
    return Objects.requireNonNull(run.latestCheckpoint());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aNaNStopsTheRunBeforeItSpoilsTheModel(boolean resNet) {
    TrainOptions options = TrainOptions.of(8, 30, 3, 1e-3, 0.1, 7);
    try (Trainer trainer = new Trainer(Clip.create(config(resNet), 7), options);
        PairSource pairs = Synthetic.pairs(32, 8, config(resNet))) {
      PairBatch batch = pairs.next();
      batch.images().floats().fill(Float.NaN);
      String before = trainer.clip().fingerprint();
      assertThatThrownBy(() -> trainer.step(batch))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("step 1: the loss is NaN");
      assertThat(trainer.clip().fingerprint()).isEqualTo(before);
    }
  }

  @Test
  void validationIsLogged() throws IOException {
    RunFolder run = new RunFolder(folder.resolve("validated"));
    TrainOptions options = TrainOptions.of(8, 4, 1, 1e-3, 0.1, 7);
    try (Trainer trainer = new Trainer(Clip.create(Synthetic.TINY, 7), options)) {
      new TrainingRun(
              run,
              trainer,
              Synthetic.pairs(32, 8),
              clip -> Map.of("image_to_text_R@1", 0.25),
              new TrainingRun.Rhythm(2, 2, 0, 1),
              out)
          .run(StopSignal.manual());
    }
    assertThat(run.readLog(4)).hasSize(4);
    assertThat(run.readLog(4).get(1).path("val/image_to_text_R@1").asDouble()).isEqualTo(0.25);
    assertThat(printed.toString(StandardCharsets.UTF_8)).contains("image_to_text_R@1 0.250");
  }

  @Test
  void aLogLineThatAKillCutShortIsLeftOut() throws IOException {
    RunFolder run = new RunFolder(folder);
    run.log(Map.of("step", 1));
    Files.writeString(
        folder.resolve("log.jsonl"), "{\"step\": 2, \"lo", java.nio.file.StandardOpenOption.APPEND);
    assertThat(run.readLog(10)).hasSize(1);
    run.truncateLog(10);
    assertThat(folder.resolve("log.jsonl")).hasContent("{\"step\":1}");
  }

  @Test
  void whatCannotBeResumedIsNamed() throws IOException {
    Path weights = folder.resolve("weights.safetensors");
    Clip clip = Clip.create(Synthetic.TINY, 7);
    var writer = new dev.diptych.tensor.io.SafetensorsWriter();
    dev.diptych.clip.weights.OpenAiWeights.write(clip, writer);
    writer.write(weights);
    try (Trainer trainer = new Trainer(clip, TrainOptions.of(8, 30, 3, 1e-3, 0.1, 7))) {
      assertThatThrownBy(() -> Checkpoint.restore(trainer, weights))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("weights only");
    }
    assertThatThrownBy(() -> TrainOptions.of(8, 30, 30, 1e-3, 0.1, 7))
        .hasMessageContaining("must be shorter than the run");
    assertThatThrownBy(() -> TrainOptions.of(1, 30, 3, 1e-3, 0.1, 7))
        .hasMessageContaining("at least 2 pairs");
    assertThatThrownBy(() -> new TrainOptions(8, 30, 3, 1e-3, 0.1, 0.9, 1, 1e-6, 1, 7))
        .hasMessageContaining("beta2 from 0 to below 1 and eps above 0, got 0.9, 1.0 and 1.0E-6");
  }
}
