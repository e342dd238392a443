package dev.diptych.clip;

import static dev.diptych.clip.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.clip.train.PairBatch;
import dev.diptych.clip.train.TrainOptions;
import dev.diptych.clip.train.Trainer;
import dev.diptych.clip.weights.OpenAiNames;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A small vision-Transformer CLIP against what the original code computed: every intermediate,
 * output, loss and gradient, and the parameters after three steps of AdamW. Tolerances are a few
 * times the difference between the original in f32 and itself in f64 ({@code tolerances.json}).
 */
class GoldenVitTest {
  private TensorScope scope = new TensorScope(Device.CPU);
  private Path folder = Path.of("");
  private Tensor images = Tensor.of(new float[0], Shape.of(0));
  private IntTensor tokens = new IntTensor(Shape.of(0), new int[0]);

  /** Where the model runs. */
  Device device() {
    return Device.CPU;
  }

  /** The model at {@code path}, on the device. */
  private Clip load(String path) {
    return Goldens.load(folder.resolve(path), scope);
  }

  @BeforeEach
  void readInputs() throws IOException {
    scope = new TensorScope(device());
    folder = Goldens.folder("vit");
    try (Safetensors inputs = Safetensors.open(folder.resolve("inputs.safetensors"))) {
      images = inputs.floats("images");
      tokens = inputs.ints("tokens");
    }
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void everyIntermediate() throws IOException {
    Clip clip = load("model.openai.safetensors");
    Tape tape = Tape.recording(scope);
    try (Safetensors expected =
        Safetensors.open(folder.resolve("intermediates_eval.safetensors"))) {
      VisionTransformer vision = (VisionTransformer) clip.vision();
      Var x = vision.embed(tape, Var.constant(scope.onDevice(images.narrow(0, 0, 2))));
      assertClose(expected, "visual.embeddings_before_ln_pre", x.value(), 1e-5);
      assertConvolution(expected, vision, x.value());
      x = vision.preNorm.forward(tape, x);
      assertClose(expected, "visual.ln_pre", x.value(), 1e-5);
      ResidualAttentionBlock first = vision.blocks.get(0);
      Var zero = Var.constant(scope.zeros(x.value().shape()));
      Var normed = first.attentionNorm.forward(tape, x);
      assertClose(expected, "visual.block0.ln_1", normed.value(), 1e-5);
      assertClose(
          expected,
          "visual.block0.attn",
          first.attention.forward(tape, normed, zero).value(),
          1e-5);
      Var attended = first.attention.forward(tape, normed, x);
      assertClose(
          expected,
          "visual.block0.mlp",
          first.mlp.forward(tape, first.mlpNorm.forward(tape, attended), zero).value(),
          2e-5);
      x = first.forward(tape, x);
      assertClose(expected, "visual.block0", x.value(), 2e-5);
      x = vision.blocks.get(1).forward(tape, x);
      assertClose(expected, "visual.block1", x.value(), 2e-5);
      Var pooled = Functions.gatherRows(tape, x, IntTensor.zeros(scope, Shape.of(2)));
      assertClose(expected, "visual.ln_post", vision.postNorm.forward(tape, pooled).value(), 1e-5);

      int length = tokens.shape().dim(1);
      IntTensor firstTwo =
          new IntTensor(Shape.of(2, length), java.util.Arrays.copyOf(tokens.data(), 2 * length));
      Var text = clip.text().embed(tape, TextBatch.of(firstTwo, 199));
      assertClose(expected, "text.embeddings", text.value(), 1e-6);
      text = clip.text().blocks.get(0).forward(tape, text);
      assertClose(expected, "text.block0", text.value(), 1e-5);
      assertClose(
          expected, "text.ln_final", clip.text().finalNorm.forward(tape, text).value(), 1e-5);
    }
  }

  /**
   * The patch convolution is what embedding adds to the positions: (B, C, G, G) in the original.
   */
  private static void assertConvolution(
      Safetensors expected, VisionTransformer vision, Tensor embedded) throws IOException {
    float[] conv = expected.floats("visual.conv1").toArray();
    float[] positions = vision.positions.value().toArray();
    int width = embedded.dim(2);
    int patches = embedded.dim(1) - 1;
    float[] x = embedded.toArray();
    for (int b = 0; b < 2; b++) {
      for (int p = 0; p < patches; p++) {
        for (int c = 0; c < width; c++) {
          float found = x[(b * (patches + 1) + p + 1) * width + c] - positions[(p + 1) * width + c];
          assertThat(found).isCloseTo(conv[(b * width + c) * patches + p], within(1e-5f));
        }
      }
    }
  }

  @Test
  void outputsAndLoss() throws IOException {
    assertOutputs(load("model.openai.safetensors"));
  }

  @Test
  void outputsAndLossThroughTheHuggingFaceDirectory() throws IOException {
    assertOutputs(load("hf"));
  }

  private void assertOutputs(Clip clip) throws IOException {
    Goldens.assertOutputs(clip, folder, images, tokens, 1e-5, 2e-6);
  }

  @Test
  void everyGradient() throws IOException {
    assertGradients(load("model.openai.safetensors"));
  }

  @Test
  void everyGradientThroughTheHuggingFaceDirectory() throws IOException {
    assertGradients(load("hf"));
  }

  private void assertGradients(Clip clip) throws IOException {
    clip.parameters().requireGradients();
    Tape tape = Tape.recording(scope);
    Functions.Contrastive contrast =
        Functions.contrastiveLoss(
            tape,
            clip.encodeImage(tape, images),
            clip.encodeText(tape, tokens),
            clip.logitScale().var(),
            null,
            true);
    tape.backward(contrast.loss());
    JsonNode tolerances = tolerances().path("grads");
    try (Safetensors expected = Safetensors.open(folder.resolve("grads.safetensors"))) {
      assertThat(expected.names().stream().filter(name -> !name.startsWith("__")))
          .hasSize(clip.parameters().list().size());
      for (Parameter parameter : clip.parameters().list()) {
        String name = OpenAiNames.of(parameter.name());
        // Ten times the original's own noise in f32, and not less than 1e-6 of the largest element.
        JsonNode noise = tolerances.path(name);
        double tolerance =
            10 * noise.path("max_abs_diff_f32_vs_f64").asDouble()
                + 1e-6 * noise.path("max_abs").asDouble();
        assertThat(noise.isMissingNode()).as(name).isFalse();
        assertClose(expected, name, Objects.requireNonNull(parameter.var().gradient()), tolerance);
      }
    }
  }

  @Test
  void threeStepsOfAdamW() throws IOException {
    Clip clip = load("model.openai.safetensors");
    // A constant rate: a cosine so long that three steps do not notice, and no warm-up.
    TrainOptions options = new TrainOptions(6, 1_000_000_000, 0, 1e-3, 0.2, 0.9, 0.98, 1e-6, 0, 0);
    PairBatch batch = new PairBatch(images, tokens, new int[] {0, 1, 2, 3, 4, 5});
    try (Trainer trainer = new Trainer(clip, options);
        Safetensors expected =
            Safetensors.open(folder.resolve("after_3_adamw_steps.safetensors"))) {
      float[] losses = expected.floats("__loss_at_step__").toArray();
      for (int step = 0; step < 3; step++) {
        assertThat(trainer.step(batch).loss()).isCloseTo(losses[step], within(1e-4));
      }
      for (Parameter parameter : clip.parameters().list()) {
        // Adam divides by the gradient's size: noise in tiny gradients moves a parameter by up to
        // the 5.5e-5 that the original in f32 and f64 differ by.
        assertClose(expected, OpenAiNames.of(parameter.name()), parameter.value(), 2e-4);
      }
    }
  }

  private JsonNode tolerances() throws IOException {
    return new ObjectMapper().readTree(Files.readString(folder.resolve("tolerances.json")));
  }
}
