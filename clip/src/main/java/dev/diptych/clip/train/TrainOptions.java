package dev.diptych.clip.train;

import dev.diptych.clip.ResNetConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.VitConfig;

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
 * @param beta2 of AdamW, see {@link Moments}
 * @param epsilon of AdamW, see {@link Moments}
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
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0)) {
      throw new UserException(
          "AdamW needs beta1 and beta2 from 0 to below 1 and eps above 0, got %s, %s and %s"
              .formatted(beta1, beta2, epsilon));
    }
    if (!(learningRate > 0 && weightDecay >= 0 && clipNorm >= 0)) {
      throw new UserException(
          "expected learning rate > 0, weight decay and clip norm >= 0, got %s, %s and %s"
              .formatted(learningRate, weightDecay, clipNorm));
    }
  }

  /**
   * The constants of AdamW that the paper sets for each kind of image tower (Table 18).
   *
   * @param beta2 0.98 for vision Transformers, 0.999 for ResNets
   * @param epsilon 1e-6 for vision Transformers, 1e-8 for ResNets
   */
  public record Moments(double beta2, double epsilon) {
    /** Those for an image tower. */
    public static Moments of(VisionConfig vision) {
      return switch (vision) {
        case VitConfig vit -> new Moments(0.98, 1e-6);
        case ResNetConfig resNet -> new Moments(0.999, 1e-8);
      };
    }
  }

  /** The paper's constants for vision Transformers with the rest of one's own. */
  public static TrainOptions of(
      int batchSize, long steps, long warmup, double learningRate, double weightDecay, long seed) {
    return new TrainOptions(
        batchSize, steps, warmup, learningRate, weightDecay, 0.9, 0.98, 1e-6, 1, seed);
  }
}
