package dev.diptych.autograd.optim;

import dev.diptych.autograd.Parameters;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;

/**
 * AdamW (Loshchilov and Hutter 2019) over all parameters of a model in one pass. Weights with two
 * or more axes decay; gains, biases and scalars do not (CLIP paper §2.5).
 */
public final class AdamW {
  private final Parameters parameters;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;
  private final Tensor firstMoment; // (P)
  private final Tensor secondMoment; // (P)
  private long steps;

  /** An optimiser with moments of zero. */
  public AdamW(
      Parameters parameters, double beta1, double beta2, double epsilon, double weightDecay) {
    this.parameters = parameters;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
    Shape shape = Shape.of(parameters.size());
    firstMoment = Tensor.of(Floats.zeros(parameters.size()), shape);
    secondMoment = Tensor.of(Floats.zeros(parameters.size()), shape);
  }

  /** The norm of all gradients, √Σ g². */
  public double gradientNorm() {
    return dev.diptych.tensor.op.AdamW.norm(parameters.gradients().floats());
  }

  /**
   * One update.
   *
   * @param learningRate of this step
   * @param gradientScale what gradients are multiplied by first: less than 1 to clip their norm
   */
  public void step(double learningRate, double gradientScale) {
    steps++;
    update(0, parameters.decayed(), learningRate, gradientScale, weightDecay);
    update(parameters.decayed(), parameters.size(), learningRate, gradientScale, 0);
  }

  private void update(int begin, int end, double learningRate, double gradientScale, double decay) {
    dev.diptych.tensor.op.AdamW.update(
        new AdamWStep(steps, learningRate, beta1, beta2, epsilon, decay, gradientScale),
        parameters.values().floats(),
        parameters.gradients().floats(),
        firstMoment.floats(),
        secondMoment.floats(),
        begin,
        end);
  }

  /** The running mean of gradients, (P), to be saved and restored. */
  public Tensor firstMoment() {
    return firstMoment;
  }

  /** The running mean of squared gradients, (P), to be saved and restored. */
  public Tensor secondMoment() {
    return secondMoment;
  }

  /** Continues after {@code done} steps; the moments are restored by the caller. */
  public void resumeAt(long done) {
    steps = done;
  }
}
