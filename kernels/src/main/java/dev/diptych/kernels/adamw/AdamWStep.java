package dev.diptych.kernels.adamw;

import dev.diptych.kernels.memory.Cost;

/**
 * The numbers of one optimiser step.
 *
 * @param step t, counted from 1
 * @param learningRate η of this step
 * @param beta1 β₁, the decay of the mean of gradients (0.9 in CLIP)
 * @param beta2 β₂, the decay of the mean of their squares (0.98 for CLIP's ViT, 0.999 for ResNet)
 * @param epsilon ε, added to the root (1e-6 for CLIP's ViT, 1e-8 for ResNet)
 * @param weightDecay λ, 0 for parameters that do not decay (0.2 for the others in CLIP)
 * @param gradientScale what gradients are multiplied by first: 1, or less where they are clipped;
 *     NaN if they are of no use, and then nothing changes
 */
public record AdamWStep(
    long step,
    double learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double gradientScale) {

  /** How many numbers {@link #packed} makes. */
  public static final int NUMBERS = 8;

  /** Which of them is γ, the scale of gradients. */
  public static final int SCALE = 7;

  /** How many bytes {@link #packed} takes in memory. */
  public static final int PACKED_BYTES = NUMBERS * Float.BYTES;

  /**
   * The eight numbers that kernels compute with, in this order: 1 − β₁, β₂, 1 − β₂, 1 − η·λ, η/(1 −
   * β₁ᵗ), √(1 − β₂ᵗ), ε, gradientScale.
   */
  public float[] packed() {
    return new float[] {
      (float) (1 - beta1),
      (float) beta2,
      (float) (1 - beta2),
      (float) keep(),
      (float) stepSize(),
      (float) rootCorrection(),
      (float) epsilon,
      (float) gradientScale
    };
  }

  /**
   * The least that a step over {@code n} parameters must do if it also writes a copy of them in
   * bf16.
   */
  public static Cost costWithOperands(int n) {
    return new Cost(30L * n, 16L * n);
  }

  /** The least that a step over {@code n} parameters must do: read p, g, m, v; write p, m, v. */
  public static Cost cost(int n) {
    return new Cost(28L * n, 16L * n);
  }

  /** 1 − η·λ, what a parameter keeps of itself. */
  double keep() {
    return 1 - learningRate * weightDecay;
  }

  /** η/(1 − β₁ᵗ): the step size, with the mean's bias corrected. */
  double stepSize() {
    return learningRate / (1 - Math.pow(beta1, (double) step));
  }

  /** √(1 − β₂ᵗ): what corrects the bias of √v. */
  double rootCorrection() {
    return Math.sqrt(1 - Math.pow(beta2, (double) step));
  }
}
