package dev.diptych.clip;

import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;

/**
 * The model: an image tower and a text tower into one embedding space, and the learned temperature
 * of their contrastive loss (Radford et al. 2021, Figure 3).
 *
 * <p>Similarity of a picture and a text is exp(logit_scale)·cos(image embedding, text embedding).
 */
public final class Clip {
  /** logit_scale starts at ln(1/0.07) (§2.5). */
  private static final float INITIAL_LOGIT_SCALE = (float) Math.log(1 / 0.07);

  /** logit_scale is kept in [0, ln 100] "to prevent training instability" (§2.5). */
  private static final float MAX_LOGIT_SCALE = (float) Math.log(100);

  private final ClipConfig config;
  private final VisionTransformer vision;
  private final TextTransformer text;
  private final Parameter logitScale;
  private final Parameters parameters;

  private Clip(ClipConfig config, boolean drawWeights, long seed) {
    this.config = config;
    Parameters.Builder builder = new Parameters.Builder();
    vision =
        new VisionTransformer(builder, config.vision(), config.embedDim(), config.activation());
    text = new TextTransformer(builder, config.text(), config.embedDim(), config.activation());
    logitScale =
        builder.add("logitScale", Shape.scalar(), Initialiser.constant(INITIAL_LOGIT_SCALE));
    parameters = drawWeights ? builder.build(seed) : builder.buildZeroed();
  }

  /** A new model with random weights; the same for a seed. */
  public static Clip create(ClipConfig config, long seed) {
    return new Clip(config, true, seed);
  }

  /** A model whose weights are all zero, to be filled from a checkpoint. */
  public static Clip blank(ClipConfig config) {
    return new Clip(config, false, 0);
  }

  /** The sizes. */
  public ClipConfig config() {
    return config;
  }

  /** The image tower. */
  public VisionTransformer vision() {
    return vision;
  }

  /** The text tower. */
  public TextTransformer text() {
    return text;
  }

  /** The log of what similarities are multiplied by; shape (). */
  public Parameter logitScale() {
    return logitScale;
  }

  /** All weights. */
  public Parameters parameters() {
    return parameters;
  }

  /** Keeps logit_scale in [0, ln 100], after each step of the optimiser. */
  public void clampLogitScale() {
    Floats value = logitScale.value().floats();
    value.array()[value.offset()] = Math.clamp(value.array()[value.offset()], 0, MAX_LOGIT_SCALE);
  }

  /**
   * Embeds pictures.
   *
   * @param images (B, 3, S, S), normalised with CLIP's mean and deviation
   * @return (B, D), not normalised
   * @throws UserException if the pictures have another size than the model's
   */
  public Var encodeImage(Tape tape, Tensor images) {
    int size = config.vision().imageSize();
    if (images.rank() != 4
        || images.dim(1) != 3
        || images.dim(2) != size
        || images.dim(3) != size) {
      throw new UserException(
          "images must be (B, 3, %d, %d), the model's picture size, got %s"
              .formatted(size, size, images.shape()));
    }
    return vision.forward(tape, Var.constant(images));
  }

  /**
   * Embeds texts.
   *
   * @param tokens (B, T): start token, text, end token, zeros
   * @return (B, D), not normalised
   * @throws UserException if T is not the model's context length
   */
  public Var encodeText(Tape tape, IntTensor tokens) {
    return text.forward(tape, tokens);
  }
}
