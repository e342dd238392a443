package dev.diptych.clip.train;

import dev.diptych.autograd.optim.AdamW;
import dev.diptych.autograd.optim.WarmupCosine;
import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.Device;
import java.util.OptionalLong;

/**
 * Trains a model step by step, on the device where it is: the work of a step is {@link
 * TrainingPass}, which is where to read on; here are the schedule, the count and what a step shows.
 */
public final class Trainer implements AutoCloseable {
  private final Clip clip;
  private final TrainOptions options;
  private final WarmupCosine schedule;
  private final AdamW optimiser;
  private final TrainingPass pass;
  private final Passes passes;
  private long step;

  /**
   * What a step showed.
   *
   * @param step its number, from 1
   * @param loss of the batch, before the update
   * @param accuracy share of the batch's pictures and texts whose most similar partner was right
   * @param logitScale exp(logit_scale), before the update
   * @param learningRate of the update
   * @param gradientNorm before clipping
   */
  public record StepResult(
      long step,
      double loss,
      double accuracy,
      double logitScale,
      double learningRate,
      double gradientNorm) {}

  /** A trainer at step 0 with fresh moments. */
  public Trainer(Clip clip, TrainOptions options) {
    this.clip = clip;
    this.options = options;
    clip.parameters().requireGradients();
    schedule = new WarmupCosine(options.learningRate(), options.warmup(), options.steps());
    optimiser =
        new AdamW(
            clip.parameters(),
            options.beta1(),
            options.beta2(),
            options.epsilon(),
            options.weightDecay());
    pass = new TrainingPass(clip, optimiser, options.clipNorm());
    passes = Passes.on(clip.device(), pass);
  }

  /** The model in training. */
  public Clip clip() {
    return clip;
  }

  /** The options. */
  public TrainOptions options() {
    return options;
  }

  /** The optimiser, whose moments belong into a checkpoint. */
  public AdamW optimiser() {
    return optimiser;
  }

  /** Steps done. */
  public long step() {
    return step;
  }

  /** Whether the run has reached its length. */
  public boolean isDone() {
    return step >= options.steps();
  }

  /** Continues after {@code done} steps; weights and moments are restored by the caller. */
  public void resumeAt(long done) {
    step = done;
    optimiser.resumeAt(done);
  }

  /**
   * One step.
   *
   * @throws UserException if loss or gradients are not finite; then nothing was updated
   */
  public StepResult step(PairBatch batch) {
    double rate = schedule.at(step);
    optimiser.prepare(rate);
    TrainingPass.Results results = passes.run(batch);
    double loss = results.loss().item();
    double norm = results.gradientNorm().item();
    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
      pass.restoreBuffers(results);
      throw new UserException(
          ("step %d: the loss is %s and the norm of the gradients %s; nothing was updated. Lower"
                  + " the learning rate (%s) or lengthen the warm-up")
              .formatted(step + 1, loss, norm, options.learningRate()));
    }
    optimiser.finish();
    step++;
    double logitScale = Math.exp(results.logitScale().item());
    return new StepResult(step, loss, results.accuracy().item(), logitScale, rate, norm);
  }

  /** The most bytes of activations and their gradients that were in use at one time. */
  public long peakBytes() {
    return passes.peakBytes();
  }

  /** Bytes that are taken of a GPU's memory, by all that runs there; empty on the CPU. */
  public OptionalLong gpuBytes() {
    return switch (clip.device()) {
      case Device.Cpu cpu -> OptionalLong.empty();
      case Device.Cuda cuda -> OptionalLong.of(cuda.gpu().allocatedBytes());
    };
  }

  @Override
  public void close() {
    passes.close();
  }
}
