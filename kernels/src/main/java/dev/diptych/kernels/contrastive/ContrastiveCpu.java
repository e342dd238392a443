package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.memory.Floats;
import org.jspecify.annotations.Nullable;

/** The contrastive loss with the Vector API on all threads, without the N × N matrix. */
public final class ContrastiveCpu {
  private ContrastiveCpu() {}

  /**
   * The loss of N pairs, how many are told apart, and what {@link #backward} needs.
   *
   * @param image (N, D), row i the image of pair i
   * @param text (N, D), row i its text
   * @param logScale (1): t, the logits are exp(t)·u·v
   * @param ids (N): pairs of the same id match each other; null: a pair matches itself alone
   * @param loss (1), written
   * @param accuracy (1), written: the fraction of the 2·N rows and columns whose one largest logit
   *     is a match; a tie with a text or image that is none does not count
   * @param rowLse (N), written: log Σ_j exp(s_ij)
   * @param columnLse (N), written: log Σ_i exp(s_ij)
   * @param scratch {@link ContrastiveDims#forwardScratch} floats, overwritten
   */
  public static void forward(
      ContrastiveDims d,
      Floats image,
      Floats text,
      Floats logScale,
      int @Nullable [] ids,
      Floats loss,
      Floats accuracy,
      Floats rowLse,
      Floats columnLse,
      Floats scratch) {
    assert d.n() >= 1 && image.length() == d.n() * d.d() && text.length() == image.length();
    assert logScale.length() == 1 && loss.length() == 1 && accuracy.length() == 1;
    assert rowLse.length() == d.n() && columnLse.length() == d.n();
    assert scratch.length() == d.forwardScratch();
    Scratch pieces = new Scratch(scratch);
    ForwardSweep sweep =
        new ForwardSweep(d, image, text, scale(logScale), new Positives(d.n(), ids), pieces);
    assert pieces.used() == d.forwardScratch();
    sweep.run(loss, accuracy, rowLse, columnLse);
  }

  /**
   * The gradients of {@link #forward}. dImage and dText are overwritten; dLogScale is added to,
   * because parameters collect gradients.
   *
   * @param image (N, D), as they came, normalised or not
   * @param text (N, D)
   * @param loss (1), what {@link #forward} wrote
   * @param rowLse (N), what {@link #forward} wrote
   * @param columnLse (N), what {@link #forward} wrote
   * @param dLoss (1): the gradient of the loss
   * @param dImage (N, D), written; must not be image
   * @param dText (N, D), written; must not be text
   * @param dLogScale (1), added to
   * @param scratch {@link ContrastiveDims#backwardScratch} floats, overwritten
   */
  public static void backward(
      ContrastiveDims d,
      Floats image,
      Floats text,
      Floats logScale,
      int @Nullable [] ids,
      Floats loss,
      Floats rowLse,
      Floats columnLse,
      Floats dLoss,
      Floats dImage,
      Floats dText,
      Floats dLogScale,
      Floats scratch) {
    assert d.n() >= 1 && image.length() == d.n() * d.d() && text.length() == image.length();
    assert dImage.length() == image.length() && dText.length() == text.length();
    assert rowLse.length() == d.n() && columnLse.length() == d.n();
    assert loss.length() == 1 && dLoss.length() == 1 && dLogScale.length() == 1;
    assert scratch.length() == d.backwardScratch();
    double weight = dLoss.array()[dLoss.offset()] / (2.0 * d.n());
    Scratch pieces = new Scratch(scratch);
    BackwardSweep sweep =
        new BackwardSweep(
            d,
            image,
            text,
            scale(logScale),
            new Positives(d.n(), ids),
            rowLse,
            columnLse,
            (float) weight,
            dImage,
            dText,
            pieces);
    assert pieces.used() == d.backwardScratch();
    double negativeEntropy = sweep.run();
    dLogScale.array()[dLogScale.offset()] +=
        (float) (weight * (2.0 * d.n() * loss.array()[loss.offset()] + negativeEntropy));
  }

  private static float scale(Floats logScale) {
    return (float) StrictMath.exp(logScale.array()[logScale.offset()]);
  }
}
