package dev.diptych.clip.train;

import dev.diptych.clip.UserException;

/**
 * What determines the course of training, apart from the data and the model. Saved with the run; a
 * resumed run takes them from there.
 *
 * @param batchSize pairs in a step
 * @param steps length of the run
 * @param warmup steps in which the learning rate rises
 * @param learningRate its peak
 * @param weightDecay of weights with two or more axes
 * @param beta1 of AdamW
 * @param beta2 of AdamW: 0.98 for vision Transformers (paper, Table 18)
 * @param epsilon of AdamW: 1e-6 for vision Transformers
 * @param clipNorm the norm that gradients are clipped to; 0 for none
 * @param seed of weights, order and augmentation
 */
public record TrainOptions(
    int batchSize,
    long steps,
    long warmup,
    double learningRate,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double clipNorm,
    long seed) {
  /** Checks the numbers; throws {@link UserException} if one makes no sense. */
  public TrainOptions {
    if (batchSize < 2) {
      throw new UserException(
          "a batch must have at least 2 pairs, got %d: with 1 the contrastive loss is always 0"
              .formatted(batchSize));
    }
    if (steps < 1) {
      throw new UserException("a run must have at least 1 step, got " + steps);
    }
    if (warmup < 0 || warmup >= steps) {
      throw new UserException(
          "the warm-up of %d steps must be shorter than the run of %d steps: lower --warmup"
              .formatted(warmup, steps));
    }
    if (!(learningRate > 0 && weightDecay >= 0 && clipNorm >= 0)) {
      throw new UserException(
          "expected learning rate > 0, weight decay and clip norm >= 0, got %s, %s and %s"
              .formatted(learningRate, weightDecay, clipNorm));
    }
  }

  /** The paper's constants with a batch size, length and learning rate of one's own. */
  public static TrainOptions of(
      int batchSize, long steps, long warmup, double learningRate, double weightDecay, long seed) {
    return new TrainOptions(
        batchSize, steps, warmup, learningRate, weightDecay, 0.9, 0.98, 1e-6, 1, seed);
  }
}
