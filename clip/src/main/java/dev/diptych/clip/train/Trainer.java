package dev.diptych.clip.train;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.optim.AdamW;
import dev.diptych.autograd.optim.WarmupCosine;
import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.List;

/**
 * The paper's pseudo-code (Figure 3) as a step: embed pictures and texts, symmetric cross-entropy
 * over their similarities, one AdamW update, logit_scale clamped.
 */
public final class Trainer implements AutoCloseable {
  private final Clip clip;
  private final TrainOptions options;
  private final WarmupCosine schedule;
  private final AdamW optimiser;
  private final TensorScope scope = new TensorScope(Device.CPU);
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
    scope.rewind();
    Parameters parameters = clip.parameters();
    parameters.zeroGradients();
    double logitScale = Math.exp(clip.logitScale().value().item());
    List<Tensor> buffers = copyOfBuffers(); // a training tape moves them on its way forwards
    Tape tape = Tape.training(scope);
    Var images = clip.encodeImage(tape, batch.images()); // (B, D)
    Var texts = clip.encodeText(tape, batch.tokens()); // (B, D)
    IntTensor targets = new IntTensor(Shape.of(batch.size()), batch.targets());
    Functions.Contrastive contrast =
        Functions.contrastiveLoss(tape, images, texts, clip.logitScale().var(), targets, true);
    double loss = contrast.loss().value().item();
    tape.backward(contrast.loss());
    double norm = optimiser.gradientNorm();
    double scale =
        options.clipNorm() > 0 && norm > options.clipNorm() ? options.clipNorm() / norm : 1;
    double rate = schedule.at(step);
    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
      restoreBuffers(buffers);
      throw new UserException(
          ("step %d: the loss is %s and the norm of the gradients %s; nothing was updated. Lower"
                  + " the learning rate (%s) or lengthen the warm-up")
              .formatted(step + 1, loss, norm, options.learningRate()));
    }
    optimiser.step(rate, scale);
    clip.clampLogitScale();
    step++;
    return new StepResult(step, loss, contrast.accuracy(), logitScale, rate, norm);
  }

  private List<Tensor> copyOfBuffers() {
    return clip.parameters().buffers().stream().map(buffer -> scope.copy(buffer.value())).toList();
  }

  private void restoreBuffers(List<Tensor> copies) {
    for (int i = 0; i < copies.size(); i++) {
      copies.get(i).copyTo(clip.parameters().buffers().get(i).value().floats());
    }
  }

  /** The most bytes of activations and their gradients that were in use at one time. */
  public long peakBytes() {
    return scope.peakBytes();
  }

  @Override
  public void close() {
    scope.close();
  }
}
