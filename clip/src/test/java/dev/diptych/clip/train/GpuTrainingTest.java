package dev.diptych.clip.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.autograd.optim.AdamW;
import dev.diptych.clip.Clip;
import dev.diptych.clip.Embedder;
import dev.diptych.clip.UserException;
import dev.diptych.clip.weights.ModelFiles;
import dev.diptych.kernels.cuda.PooledGpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Steps of training on a GPU that the interpreter stands for, with the driver's memory. */
class GpuTrainingTest {
  private static final TrainOptions OPTIONS = TrainOptions.of(4, 30, 2, 1e-3, 0.1, 7);

  @TempDir Path folder = Path.of(".");

  /** A trainer on a GPU of its own. */
  private static final class OnGpu implements AutoCloseable {
    final PooledGpu gpu = new PooledGpu(new PtxGpu());
    final TensorScope weights;
    final Trainer trainer;

    OnGpu(Clip clip, Precision precision) {
      weights = new TensorScope(new Device.Cuda(gpu, precision));
      clip.moveTo(weights);
      trainer = new Trainer(clip, OPTIONS);
    }

    void step(PairSource pairs, int count) {
      for (int i = 0; i < count; i++) {
        trainer.step(pairs.next());
      }
    }

    @Override
    public void close() {
      trainer.close();
      weights.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void memoryIsAsMuchAfterManyStepsAsAfterThree(Precision precision) {
    OnGpu training = new OnGpu(Clip.create(Synthetic.MINUTE, 7), precision);
    PooledGpu gpu = training.gpu;
    try (training;
        PairSource pairs = Synthetic.pairs(16, 4, Synthetic.MINUTE)) {
      stepAndValidate(training, pairs, 3);
      long allocations = gpu.allocations();
      long bytes = gpu.allocatedBytes();
      stepAndValidate(training, pairs, 6);
      assertThat(gpu.allocations()).isEqualTo(allocations);
      assertThat(gpu.allocatedBytes()).isEqualTo(bytes);
    }
    gpu.freeUnused();
    assertThat(gpu.allocatedBytes()).as("bytes that were not given back").isZero();
  }

  private static void stepAndValidate(OnGpu training, PairSource pairs, int steps) {
    for (int i = 0; i < steps; i++) {
      PairBatch batch = pairs.next();
      training.trainer.step(batch);
      try (Embedder embedder = new Embedder(training.trainer.clip(), 3)) {
        assertThat(embedder.images(batch.images()).toArray()).doesNotContain(Float.NaN);
        assertThat(embedder.texts(batch.tokens()).toArray()).doesNotContain(Float.NaN);
      }
    }
  }

  /** The same steps, on batches of two sizes, on two GPUs of their own. */
  @ParameterizedTest
  @EnumSource
  void graphsOfTwoSizesDoWhatStepsOpByOpDo(Precision precision) throws IOException {
    byte[] plain = train(precision, PlainPasses::new);
    assertThat(train(precision, CapturedPasses::new)).isEqualTo(plain);
    assertThat(train(precision, CapturedPasses::new)).isEqualTo(plain);
  }

  private byte[] train(Precision precision, BiFunction<Device.Cuda, TrainingPass, Passes> way)
      throws IOException {
    try (OnGpu training = new OnGpu(Clip.create(Synthetic.MINUTE, 7), precision);
        PairSource large = Synthetic.pairs(16, 4, Synthetic.MINUTE);
        PairSource small = Synthetic.pairs(16, 2, Synthetic.MINUTE)) {
      AdamW optimiser = training.trainer.optimiser();
      TrainingPass pass = new TrainingPass(training.trainer.clip(), optimiser, 1);
      try (Passes passes = way.apply(new Device.Cuda(training.gpu, precision), pass)) {
        for (int i = 0; i < 8; i++) {
          optimiser.prepare(1e-3);
          passes.run((i % 2 == 0 ? large : small).next());
          optimiser.finish();
        }
      }
      return checkpoint(training.trainer);
    }
  }

  /** Weights, buffers and moments. */
  private byte[] checkpoint(Trainer trainer) throws IOException {
    Path file = folder.resolve("state.safetensors");
    Checkpoint.write(trainer, file);
    return Files.readAllBytes(file);
  }

  /** The first step is taken op by op, the second captured, the third replayed. */
  @Test
  void aLossThatIsNotFiniteLeavesNoTrace() throws IOException {
    byte[] undisturbed;
    try (OnGpu training = new OnGpu(Clip.create(Synthetic.MINUTE_RESNET, 7), Precision.F32);
        PairSource pairs = Synthetic.pairs(16, 4, Synthetic.MINUTE_RESNET)) {
      training.step(pairs, 3);
      undisturbed = checkpoint(training.trainer);
    }
    try (OnGpu training = new OnGpu(Clip.create(Synthetic.MINUTE_RESNET, 7), Precision.F32);
        PairSource pairs = Synthetic.pairs(16, 4, Synthetic.MINUTE_RESNET)) {
      for (int i = 0; i < 3; i++) {
        byte[] before = checkpoint(training.trainer);
        PairBatch bad = Synthetic.pairs(16, 4, Synthetic.MINUTE_RESNET).next();
        bad.images().narrow(0, 1, 1).fill(Float.POSITIVE_INFINITY);
        assertThatThrownBy(() -> training.trainer.step(bad))
            .isInstanceOf(UserException.class)
            .hasMessageContaining("step %d: the loss is NaN".formatted(i + 1))
            .hasMessageContaining("nothing was updated");
        assertThat(checkpoint(training.trainer)).isEqualTo(before);
        training.step(pairs, 1);
      }
      assertThat(checkpoint(training.trainer)).isEqualTo(undisturbed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCheckpointGoesOnOnAGpuBitForBitAndOnTheCpu(Precision precision) throws IOException {
    Path middle = folder.resolve("middle.safetensors");
    byte[] end;
    List<Double> losses = new ArrayList<>();
    PairSource pairs = Synthetic.pairs(16, 4, Synthetic.MINUTE);
    try (OnGpu training = new OnGpu(Clip.create(Synthetic.MINUTE, 7), precision)) {
      training.step(pairs, 3);
      Checkpoint.write(training.trainer, middle);
      for (int i = 0; i < 3; i++) {
        losses.add(training.trainer.step(pairs.next()).loss());
      }
      end = checkpoint(training.trainer);
    }
    try (OnGpu training = new OnGpu(ModelFiles.load(middle), precision)) {
      Checkpoint.restore(training.trainer, middle);
      pairs.seek(3);
      training.step(pairs, 3);
      assertThat(checkpoint(training.trainer)).isEqualTo(end);
    }
    double tolerance =
        switch (precision) {
          case F32 -> 1e-5;
          case BF16 -> 0.02;
        };
    try (Trainer onCpu = new Trainer(ModelFiles.load(middle), OPTIONS)) {
      Checkpoint.restore(onCpu, middle);
      pairs.seek(3);
      for (double loss : losses) {
        assertThat(Math.abs(onCpu.step(pairs.next()).loss() - loss) / loss).isLessThan(tolerance);
      }
    }
  }
}
