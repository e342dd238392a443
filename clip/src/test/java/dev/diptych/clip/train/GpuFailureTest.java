package dev.diptych.clip.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.Clip;
import dev.diptych.clip.Embedder;
import dev.diptych.clip.weights.ModelFiles;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.GpuOutOfMemoryException;
import dev.diptych.kernels.cuda.PooledGpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.TensorScope;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A GPU that fails in the middle of a run: what was saved is whole, and the run goes on. */
class GpuFailureTest {
  private static final TrainOptions OPTIONS = TrainOptions.of(4, 6, 2, 1e-3, 0.1, 7);
  private final GpuException failure =
      new GpuOutOfMemoryException(3 << 20, 5 << 20, 1 << 20, 7 << 20);

  @TempDir Path folder = Path.of(".");
  private final PooledGpu gpu = new PooledGpu(new PtxGpu());

  /** Trains from the last checkpoint, if there is one; the GPU fails in a step or before it. */
  private void train(RunFolder run, long failingStep, int callOfStep, boolean validate)
      throws IOException {
    Path latest = run.latestCheckpoint();
    Clip clip = latest == null ? Clip.create(Synthetic.MINUTE, 7) : ModelFiles.load(latest);
    try (TensorScope weights = new TensorScope(new Device.Cuda(gpu, Precision.F32))) {
      clip.moveTo(weights);
      try (Trainer trainer = new Trainer(clip, OPTIONS);
          PairSource pairs = failing(failingStep, callOfStep)) {
        if (latest != null) {
          Checkpoint.restore(trainer, latest);
        }
        new TrainingRun(
                run,
                trainer,
                pairs,
                validate ? this::failingValidation : null,
                new TrainingRun.Rhythm(1, 3, 2, 2),
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8))
            .run(StopSignal.manual());
      }
    }
  }

  private PairSource failing(long failingStep, int callOfStep) {
    PairSource pairs = Synthetic.pairs(16, 4, Synthetic.MINUTE);
    return new PairSource() {
      private long step;

      @Override
      public void seek(long to) {
        step = to;
        pairs.seek(to);
      }

      @Override
      public PairBatch next() {
        if (++step == failingStep) {
          gpu.failAt(callOfStep, failure);
        }
        return pairs.next();
      }

      @Override
      public void close() {
        pairs.close();
      }
    };
  }

  private Map<String, Double> failingValidation(Clip clip) {
    gpu.failAt(5, failure);
    try (Embedder embedder = new Embedder(clip, 2)) {
      embedder.images(Synthetic.pairs(4, 4, Synthetic.MINUTE).next().images());
    }
    return Map.of();
  }

  private void assertNames(Throwable e, RunFolder run, long step, @Nullable Path last) {
    assertThat(e)
        .isInstanceOf(GpuException.class)
        .hasMessageStartingWith(failure.getMessage())
        .hasMessageContaining("Training ended after step %d; ".formatted(step))
        .hasMessageEndingWith(
            last == null
                ? "no checkpoint had been written"
                : "the last checkpoint, %s, is whole: go on with --resume %s"
                    .formatted(last, run.path()));
  }

  @Test
  void aFailingStepLeavesTheLastCheckpointWhole() throws IOException {
    RunFolder straight = new RunFolder(folder.resolve("straight"));
    train(straight, 0, 0, false);
    RunFolder failed = new RunFolder(folder.resolve("failed"));
    assertThatThrownBy(() -> train(failed, 5, 1, false)) // in the replay of the graph
        .satisfies(e -> assertNames(e, failed, 4, failed.checkpoint(4)));
    assertThat(failed.checkpoints()).containsExactly(failed.checkpoint(2), failed.checkpoint(4));
    assertThat(failed.checkpoint(4)).hasSameBinaryContentAs(straight.checkpoint(4));
    train(failed, 0, 0, false);
    assertThat(newest(failed)).isEqualTo(newest(straight));
    gpu.freeUnused();
    assertThat(gpu.allocatedBytes()).as("bytes that a failed run did not give back").isZero();
  }

  private static byte[] newest(RunFolder run) throws IOException {
    return Files.readAllBytes(Objects.requireNonNull(run.latestCheckpoint()));
  }

  @Test
  void aFailureBeforeTheFirstCheckpoint() {
    RunFolder run = new RunFolder(folder);
    assertThatThrownBy(() -> train(run, 1, 40, false)).satisfies(e -> assertNames(e, run, 0, null));
    assertThatThrownBy(() -> train(run, 2, 40, false)) // while the step is captured
        .satisfies(e -> assertNames(e, run, 1, null));
    assertThat(run.checkpoints()).isEmpty();
    gpu.freeUnused();
    assertThat(gpu.allocatedBytes()).as("bytes that a failed run did not give back").isZero();
  }

  @Test
  void aFailingValidationNamesTheCheckpointToo() {
    RunFolder run = new RunFolder(folder);
    assertThatThrownBy(() -> train(run, 0, 0, true))
        .satisfies(e -> assertNames(e, run, 3, run.checkpoint(2)));
  }
}
