package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.train.TrainOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How long and how fast a model learns, by open_clip's names; to be mixed in. */
final class HyperParameters {
  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "30",
      description = "passes through the data. Default: ${DEFAULT-VALUE}")
  private int epochs;

  @Option(names = "--steps", paramLabel = "N", description = "length in steps instead of epochs")
  private @Nullable Long steps;

  @Option(
      names = "--lr",
      paramLabel = "NUMBER",
      defaultValue = "1e-3",
      description = "highest learning rate. Default: ${DEFAULT-VALUE}")
  private double learningRate;

  @Option(
      names = "--wd",
      paramLabel = "NUMBER",
      defaultValue = "0.1",
      description = "weight decay. Default: ${DEFAULT-VALUE}")
  private double weightDecay;

  @Option(
      names = "--beta1",
      paramLabel = "NUMBER",
      defaultValue = "0.9",
      description = "AdamW's. Default: 0.9")
  private double beta1;

  @Option(
      names = "--beta2",
      paramLabel = "NUMBER",
      description = "AdamW's. Default: 0.98 for vision Transformers, 0.999 for ResNets")
  private @Nullable Double beta2;

  @Option(
      names = "--eps",
      paramLabel = "NUMBER",
      description = "AdamW's. Default: 1e-6 for vision Transformers, 1e-8 for ResNets")
  private @Nullable Double epsilon;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      description = "steps of warm-up. Default: a tenth of the run")
  private @Nullable Long warmup;

  @Option(
      names = "--grad-clip-norm",
      paramLabel = "NUMBER",
      defaultValue = "1",
      description = "longest gradient; 0 for any. Default: ${DEFAULT-VALUE}")
  private double clipNorm;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "of weights, order and crops. Default: ${DEFAULT-VALUE}")
  private long seed;

  /**
   * The options of a run.
   *
   * @throws UserException if there are fewer pairs than a batch has
   */
  TrainOptions options(IndexedSource source, int batchSize, VisionConfig vision) {
    long stepsPerEpoch = source.size() / Math.max(1, batchSize);
    if (stepsPerEpoch == 0) {
      throw new UserException(
          "%s holds %d pictures with captions, fewer than one batch of %d: lower --batch-size"
              .formatted(source.name(), source.size(), batchSize));
    }
    long total = steps != null ? steps : stepsPerEpoch * epochs;
    TrainOptions.Moments usual = TrainOptions.Moments.of(vision);
    return new TrainOptions(
        batchSize,
        total,
        warmup != null ? warmup : total / 10,
        learningRate,
        weightDecay,
        beta1,
        beta2 != null ? beta2 : usual.beta2(),
        epsilon != null ? epsilon : usual.epsilon(),
        clipNorm,
        seed);
  }
}
