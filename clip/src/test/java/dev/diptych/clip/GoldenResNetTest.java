package dev.diptych.clip;

import static dev.diptych.clip.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Buffer;
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
import dev.diptych.tensor.op.ChannelsLast;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A small CLIP with a ModifiedResNet against what the original code computed: every intermediate
 * and output with running statistics; every gradient, parameter and running statistic of steps with
 * the batch's. Tolerances are a few times the difference between the original in f32 and itself in
 * f64 ({@code tolerances.json}).
 */
class GoldenResNetTest {
  private TensorScope scope = new TensorScope(Device.CPU);
  private Path folder = Path.of("");
  private Tensor images = Tensor.of(new float[0], Shape.of(0));
  private IntTensor tokens = new IntTensor(Shape.of(0), new int[0]);
  private Clip clip = Clip.blank(ClipConfig.preset("mini-48"));

  /** Where the model runs. */
  Device device() {
    return Device.CPU;
  }

  @BeforeEach
  void readModelAndInputs() throws IOException {
    scope = new TensorScope(device());
    folder = Goldens.folder("resnet");
    try (Safetensors inputs = Safetensors.open(folder.resolve("inputs.safetensors"))) {
      images = inputs.floats("images");
      tokens = inputs.ints("tokens");
    }
    clip = Goldens.load(folder.resolve("model.openai.safetensors"), scope);
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void theShapesTellTheArchitecture() {
    assertThat(clip.config().embedDim()).isEqualTo(64);
    assertThat(clip.config().vision()).isEqualTo(new ResNetConfig(64, 8, List.of(1, 1, 1, 1), 4));
    assertThat(clip.config().text()).isEqualTo(new TextConfig(16, 200, 64, 2, 1, 199));
  }

  @Test
  void everyIntermediate() throws IOException {
    Tape tape = Tape.recording(scope);
    try (Safetensors expected =
        Safetensors.open(folder.resolve("intermediates_eval.safetensors"))) {
      ModifiedResNet vision = (ModifiedResNet) clip.vision();
      Var x = vision.stem(tape, Var.constant(scope.onDevice(images.narrow(0, 0, 2))));
      assertPicture(expected, "visual.stem", x);
      for (int stage = 0; stage < 4; stage++) {
        x = vision.stage(tape, stage, x);
        assertPicture(expected, "visual.layer" + (stage + 1), x);
      }
      IntTensor firstTwo =
          new IntTensor(
              Shape.of(2, tokens.shape().dim(1)),
              java.util.Arrays.copyOf(tokens.data(), 2 * tokens.shape().dim(1)));
      Var text = clip.text().embed(tape, TextBatch.of(firstTwo, 199));
      assertClose(expected, "text.embeddings", text.value(), 1e-6);
      for (int block = 0; block < 2; block++) {
        text = clip.text().blocks.get(block).forward(tape, text);
        assertClose(expected, "text.block" + block, text.value(), 2e-5);
      }
      Var normed = clip.text().finalNorm.forward(tape, text);
      assertClose(expected, "text.ln_final", normed.value(), 1e-5);
    }
  }

  /** The original's pictures are (B, C, H, W), ours (B, H, W, C). */
  private void assertPicture(Safetensors expected, String name, Var found) throws IOException {
    Shape planes = expected.entry(name).shape();
    assertThat(found.value().shape())
        .as(name)
        .isEqualTo(Shape.of(planes.dim(0), planes.dim(2), planes.dim(3), planes.dim(1)));
    assertClose(expected, name, ChannelsLast.backward(scope, found.value()), 1e-5);
  }

  @Test
  void outputsAndLoss() throws IOException {
    Goldens.assertOutputs(clip, folder, images, tokens, 2e-5, 1e-5);
  }

  @Test
  void everyGradientAndRunningStatisticOfATrainingStep() throws IOException {
    clip.parameters().requireGradients();
    Tape tape = Tape.training(scope);
    Var image = tape.keep(clip.encodeImage(tape, images));
    Var text = clip.encodeText(tape, tokens);
    Functions.Contrastive contrast =
        Functions.contrastiveLoss(tape, image, text, clip.logitScale().var(), null, true);
    tape.backward(contrast.loss());
    JsonNode tolerances = tolerances().path("grads");
    try (Safetensors expected = Safetensors.open(folder.resolve("grads_train_mode.safetensors"))) {
      assertClose(expected, "__image_features__", image.value(), 2e-5);
      assertClose(expected, "__loss__", contrast.loss().value(), 1e-5);
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
      assertThat(clip.parameters().buffers()).hasSize(2 * 19); // of 3 in the stem, 4 in each block
      for (Buffer buffer : clip.parameters().buffers()) {
        String name = OpenAiNames.of(buffer.name());
        assertClose(expected, "__buffer_after_forward__." + name, buffer.value(), 2e-6);
      }
    }
  }

  @Test
  void threeStepsOfAdamW() throws IOException {
    // A constant rate: a cosine so long that three steps do not notice, and no warm-up.
    TrainOptions options = new TrainOptions(4, 1_000_000_000, 0, 2e-5, 0.2, 0.9, 0.98, 1e-6, 0, 0);
    PairBatch batch = new PairBatch(images, tokens, new int[] {0, 1, 2, 3});
    try (Trainer trainer = new Trainer(clip, options);
        Safetensors expected =
            Safetensors.open(folder.resolve("after_3_adamw_steps.safetensors"))) {
      double[] losses = expected.doubles("__loss_at_step__.f64");
      for (int step = 0; step < 3; step++) {
        assertThat(trainer.step(batch).loss()).isCloseTo(losses[step], within(2e-5));
      }
      for (Parameter parameter : clip.parameters().list()) {
        String name = OpenAiNames.of(parameter.name());
        // Adam divides by the gradient's size: where that is noise, so is the step of at most
        // 2e-5. Such elements may be off by half of what three steps can do; on the whole a tensor
        // follows to a fiftieth of it.
        assertClose(expected, name, parameter.value(), 3e-5);
        assertThat(rootMeanSquare(expected.doubles(name), parameter.value()))
            .as(name)
            .isLessThan(1.2e-6);
      }
      for (Buffer buffer : clip.parameters().buffers()) {
        assertClose(expected, OpenAiNames.of(buffer.name()), buffer.value(), 1e-5);
      }
      Tape tape = Tape.inference(scope);
      Functions.Contrastive contrast =
          Functions.contrastiveLoss(
              tape,
              clip.encodeImage(tape, images),
              clip.encodeText(tape, tokens),
              clip.logitScale().var(),
              null,
              true);
      assertClose(expected, "__loss_after_step3_eval_mode__", contrast.loss().value(), 1e-4);
    }
  }

  private static double rootMeanSquare(double[] wanted, Tensor found) {
    float[] values = found.toArray();
    double sum = 0;
    for (int i = 0; i < wanted.length; i++) {
      sum += (values[i] - wanted[i]) * (values[i] - wanted[i]);
    }
    return Math.sqrt(sum / wanted.length);
  }

  private JsonNode tolerances() throws IOException {
    return new ObjectMapper().readTree(Files.readString(folder.resolve("tolerances.json")));
  }
}
