package dev.diptych.clip.cli;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.UserException;
import dev.diptych.clip.weights.OpenAiNames;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.io.SafetensorsWriter;
import dev.diptych.tensor.io.TensorFileException;
import dev.diptych.tensor.op.L2Normalize;
import dev.diptych.tensor.op.Matmul;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code diptych features}: outputs and gradients as a file, to hold against another program. */
@Command(
    name = "features",
    description = {
      "Computes features, logits, loss and gradients of given inputs, file in, file out.",
      "Reads images (B, 3, H, W; normalised) and tokens (B, T); writes image_features,",
      "text_features, logits_per_image, loss and, with --grads, grad.<OpenAI name>."
    },
    mixinStandardHelpOptions = true)
final class FeaturesCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--inputs",
      paramLabel = "FILE",
      required = true,
      description = "safetensors with images and tokens")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path inputs;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "safetensors to write")
  @SuppressWarnings("NullAway.Init")
  private Path out;

  @Option(names = "--grads", description = "write the gradient of every parameter too")
  private boolean gradients;

  @Override
  public Integer call() throws IOException {
    Clip clip = model.loadClip();
    Tensor images;
    IntTensor tokens;
    try (Safetensors file = Safetensors.open(inputs)) {
      images = file.floats("images");
      tokens = file.ints("tokens");
    } catch (TensorFileException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
    if (tokens.shape().rank() != 2 || tokens.shape().dim(0) != images.dim(0)) {
      throw new UserException(
          "%s: expected as many rows of tokens (B, T) as pictures, found images %s and tokens %s"
              .formatted(inputs, images.shape(), tokens.shape()));
    }
    try {
      tokens.requireBelow("features", "tokens", clip.config().text().vocabularySize());
    } catch (IllegalArgumentException e) {
      throw new UserException(inputs + ": " + e.getMessage(), e);
    }
    try (ComputeDevice on = device.open();
        TensorScope scope = new TensorScope(on.device())) {
      on.take(clip);
      SafetensorsWriter writer = compute(clip, images, tokens, scope);
      try {
        writer.write(out);
      } catch (IOException e) {
        throw new UserException(out + ": cannot be written: " + UserException.reason(e), e);
      }
    }
    return 0;
  }

  private SafetensorsWriter compute(Clip clip, Tensor images, IntTensor tokens, TensorScope scope) {
    if (gradients) {
      clip.parameters().requireGradients();
    }
    Tape tape = gradients ? Tape.recording(scope) : Tape.inference(scope);
    Var imageFeatures = tape.keep(clip.encodeImage(tape, images)); // (B, D)
    Var textFeatures = tape.keep(clip.encodeText(tape, tokens)); // (B, D)
    Var loss =
        Functions.contrastiveLoss(
                tape, imageFeatures, textFeatures, clip.logitScale().var(), null, true)
            .loss();
    SafetensorsWriter writer =
        new SafetensorsWriter()
            .add("image_features", imageFeatures.value())
            .add("text_features", textFeatures.value())
            .add("logits_per_image", logits(clip, scope, imageFeatures, textFeatures))
            .add("loss", loss.value().reshape(Shape.scalar()));
    if (gradients) {
      tape.backward(loss);
      for (Parameter parameter : clip.parameters().list()) {
        writer.add(
            "grad." + OpenAiNames.of(parameter.name()),
            Objects.requireNonNull(parameter.var().gradient()));
      }
    }
    return writer;
  }

  /** exp(logit_scale)·cos(image, text), (B, B). */
  private static Tensor logits(Clip clip, TensorScope scope, Var images, Var texts) {
    Tensor cosines =
        Matmul.forward(
            scope,
            L2Normalize.forward(scope, images.value()).y(),
            false,
            L2Normalize.forward(scope, texts.value()).y(),
            true);
    float scale = (float) Math.exp(clip.logitScale().value().item());
    float[] logits = cosines.toArray();
    for (int i = 0; i < logits.length; i++) {
      logits[i] *= scale;
    }
    return Tensor.of(logits, cosines.shape());
  }
}
