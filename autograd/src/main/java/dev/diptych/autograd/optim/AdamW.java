package dev.diptych.autograd.optim;

import dev.diptych.autograd.Parameters;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/**
 * AdamW (Loshchilov and Hutter 2019) over all parameters of a model in one pass. Weights with two
 * or more axes decay; gains, biases and scalars do not (CLIP paper §2.5).
 *
 * <p>A step is {@link #prepare}, {@link #update} and {@link #finish}. What is known beforehand
 * comes in the first; the second can be captured on a GPU and replayed; the third counts.
 */
public final class AdamW {
  private final Parameters parameters;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;
  private final Tensor firstMoment; // (P)
  private final Tensor secondMoment; // (P)
  private final Tensor numbers; // (2, 8): of the weights that decay, and of those that do not
  private long steps;

  /** An optimiser with moments of zero, beside the parameters. */
  public AdamW(
      Parameters parameters, double beta1, double beta2, double epsilon, double weightDecay) {
    this.parameters = parameters;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
    Shape shape = Shape.of(parameters.size());
    firstMoment = parameters.zerosBeside(shape);
    secondMoment = parameters.zerosBeside(shape);
    numbers = parameters.zerosBeside(Shape.of(2, AdamWStep.NUMBERS));
  }

  /**
   * Makes the numbers of the next step.
   *
   * @param learningRate of the step
   */
  public void prepare(double learningRate) {
    prepare(0, learningRate, weightDecay);
    prepare(1, learningRate, 0);
  }

  private void prepare(int row, double learningRate, double decay) {
    Tensor made =
        dev.diptych.tensor.op.AdamW.numbers(
            new AdamWStep(steps + 1, learningRate, beta1, beta2, epsilon, decay, 1));
    rowOfNumbers(row).copyFrom(made);
  }

  private Tensor rowOfNumbers(int row) {
    return numbers.narrow(0, row, 1).reshape(Shape.of(AdamWStep.NUMBERS)); // (8)
  }

  /**
   * Clips the gradients and updates the parameters; or leaves all as it is, if the gradients' norm
   * or the loss is not finite.
   *
   * @param scope for the result
   * @param loss a single number
   * @param mostNorm what the gradients are scaled down to where they are longer; 0 for no limit
   * @return the norm of all gradients before, √Σ g², a scalar
   */
  public Tensor update(TensorScope scope, Tensor loss, double mostNorm) {
    Tensor norm =
        dev.diptych.tensor.op.AdamW.clip(scope, parameters.gradients(), loss, mostNorm, numbers);
    update(0, 0, parameters.decayed());
    update(1, parameters.decayed(), parameters.size());
    return norm;
  }

  private void update(int row, int begin, int end) {
    dev.diptych.tensor.op.AdamW.update(
        rowOfNumbers(row),
        parameters.values(),
        parameters.gradients(),
        firstMoment,
        secondMoment,
        begin,
        end);
  }

  /** Counts a step whose update was done. */
  public void finish() {
    steps++;
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
