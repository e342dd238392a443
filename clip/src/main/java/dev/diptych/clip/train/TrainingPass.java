package dev.diptych.clip.train;

import dev.diptych.autograd.Buffer;
import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.optim.AdamW;
import dev.diptych.clip.Clip;
import dev.diptych.clip.TextBatch;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.List;

/**
 * The work of one step, the same on every device (CLIP paper, Figure 3): embed pictures and texts,
 * symmetric cross-entropy over their similarities, the way back, one AdamW update, logit_scale
 * clamped. Nothing in it looks at a result, so that it can be captured on a GPU.
 *
 * @param clip the model
 * @param optimiser of its parameters
 * @param clipNorm what the norm of the gradients is clipped to; 0 for no limit
 */
record TrainingPass(Clip clip, AdamW optimiser, double clipNorm) {
  /**
   * What a pass works on, on the device of the model.
   *
   * @param images (B, 3, S, S), normalised
   * @param texts (B, T)
   * @param targets (B): pairs with equal numbers are no negatives of each other
   */
  record Inputs(Tensor images, TextBatch texts, IntTensor targets) {}

  /**
   * What a pass leaves in its scope: scalars, and the buffers of the model as they were before.
   *
   * @param loss of the batch, before the update
   * @param accuracy share of the batch's pictures and texts whose most similar partner was right
   * @param gradientNorm before clipping
   * @param logitScale the log of what similarities were multiplied by, before the update
   * @param buffers in the order of {@link Parameters#buffers}
   */
  record Results(
      Tensor loss, Tensor accuracy, Tensor gradientNorm, Tensor logitScale, List<Tensor> buffers) {}

  /** Does the step. Nothing is updated but buffers if the loss or the gradients are not finite. */
  Results run(TensorScope scope, Inputs inputs) {
    Parameters parameters = clip.parameters();
    parameters.zeroGradients();
    Tensor logitScale = scope.copy(clip.logitScale().value());
    List<Tensor> buffers =
        parameters.buffers().stream().map(Buffer::value).map(scope::copy).toList();
    Tape tape = Tape.training(scope); // moves the buffers on its way forwards
    Var images = clip.encodeImage(tape, inputs.images()); // (B, D)
    Var texts = clip.text().forward(tape, inputs.texts()); // (B, D)
    Functions.Contrastive contrast =
        Functions.contrastiveLoss(
            tape, images, texts, clip.logitScale().var(), inputs.targets(), true);
    tape.backward(contrast.loss());
    Tensor norm = optimiser.update(scope, contrast.loss().value(), clipNorm);
    clip.clampLogitScale();
    return new Results(contrast.loss().value(), contrast.accuracy(), norm, logitScale, buffers);
  }

  /** Takes back what a pass without an update did to the buffers. */
  void restoreBuffers(Results results) {
    List<Buffer> buffers = clip.parameters().buffers();
    for (int i = 0; i < buffers.size(); i++) {
      buffers.get(i).value().copyFrom(results.buffers().get(i));
    }
  }
}
