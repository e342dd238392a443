package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Tape;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.Goldens;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.clip.weights.OpenAiNames;
import dev.diptych.clip.weights.OpenAiWeights;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.io.SafetensorsWriter;
import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The parity command on a model of our own making, and on what the original CLIP computed. */
class FeaturesCommandTest {
  private static final int BATCH = 3;

  @TempDir Path folder = Path.of(".");
  private final Clip clip =
      Clip.create(
          new ClipConfig(
              12,
              new VitConfig(16, 8, 24, 2, 3),
              new TextConfig(6, 40, 16, 1, 2, 39),
              Activation.GELU),
          3);
  private final Tensor images = Tensor.of(new float[BATCH * 768], Shape.of(BATCH, 3, 16, 16));
  private final IntTensor tokens = new IntTensor(Shape.of(BATCH, 6), new int[BATCH * 6]);
  private Path model = Path.of(".");
  private Path inputs = Path.of(".");
  private Path out = Path.of(".");

  @BeforeEach
  void writeModelAndInputs() throws IOException {
    Philox random = new Philox(4, 0);
    float[] pixels = images.floats().array();
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < BATCH; i++) {
      int[] text = {38, random.nextInt(38), random.nextInt(38), 39, 0, 0};
      System.arraycopy(text, 0, tokens.data(), i * 6, 6);
    }
    model = folder.resolve("model.safetensors");
    SafetensorsWriter writer = new SafetensorsWriter();
    OpenAiWeights.write(clip, writer);
    writer.write(model);
    inputs = folder.resolve("inputs.safetensors");
    new SafetensorsWriter().add("images", images).add("tokens", tokens).write(inputs);
    out = folder.resolve("out.safetensors");
  }

  private Cli.Outcome features(Path modelFile, Path inputFile, Path outFile) {
    return Cli.run(
        "features", "--model", modelFile, "--inputs", inputFile, "--out", outFile, "--grads");
  }

  @Test
  void outputsAreThoseOfTheModel() throws IOException {
    features(model, inputs, out).succeeded();
    try (TensorScope scope = new TensorScope(Device.CPU);
        Safetensors found = Safetensors.open(out)) {
      Tape tape = Tape.recording(scope);
      float[] image = clip.encodeImage(tape, images).value().toArray();
      float[] text = clip.encodeText(tape, tokens).value().toArray();
      assertThat(found.floats("image_features").toArray()).isEqualTo(image);
      assertThat(found.floats("text_features").toArray()).isEqualTo(text);
      double[][] logits = logits(image, text);
      float[] written = found.floats("logits_per_image").toArray();
      for (int i = 0; i < BATCH * BATCH; i++) {
        assertThat((double) written[i]).isCloseTo(logits[i / BATCH][i % BATCH], within(1e-4));
      }
      assertThat((double) found.floats("loss").item()).isCloseTo(loss(logits), within(1e-5));
    }
  }

  private double[][] logits(float[] image, float[] text) {
    double scale = Math.exp(clip.logitScale().value().item());
    double[][] logits = new double[BATCH][BATCH];
    for (int i = 0; i < BATCH; i++) {
      for (int j = 0; j < BATCH; j++) {
        logits[i][j] =
            scale
                * dot(image, i, text, j)
                / Math.sqrt(dot(image, i, image, i) * dot(text, j, text, j));
      }
    }
    return logits;
  }

  private static double dot(float[] a, int i, float[] b, int j) {
    double sum = 0;
    for (int k = 0; k < 12; k++) {
      sum += (double) a[i * 12 + k] * b[j * 12 + k];
    }
    return sum;
  }

  /** The symmetric cross-entropy of the paper's Figure 3. */
  private static double loss(double[][] logits) {
    double loss = 0;
    for (int i = 0; i < BATCH; i++) {
      double row = 0;
      double column = 0;
      for (int j = 0; j < BATCH; j++) {
        row += Math.exp(logits[i][j]);
        column += Math.exp(logits[j][i]);
      }
      loss += Math.log(row) + Math.log(column) - 2 * logits[i][i];
    }
    return loss / (2 * BATCH);
  }

  @Test
  void everyGradientHasItsName() throws IOException {
    features(model, inputs, out).succeeded();
    List<String> names = new ArrayList<>();
    try (Safetensors found = Safetensors.open(out);
        Safetensors weights = Safetensors.open(model)) {
      for (Parameter parameter : clip.parameters().list()) {
        String name = OpenAiNames.of(parameter.name());
        names.add("grad." + name);
        assertThat(found.entry("grad." + name).shape()).isEqualTo(weights.entry(name).shape());
      }
      assertThat(names).hasSameSizeAs(weights.names());
      names.addAll(List.of("image_features", "text_features", "logits_per_image", "loss"));
      assertThat(found.names()).containsExactlyInAnyOrderElementsOf(names);
    }
    Cli.run("features", "--model", model, "--inputs", inputs, "--out", out).succeeded();
    try (Safetensors found = Safetensors.open(out)) {
      assertThat(found.names()).hasSize(4);
    }
  }

  /** The gradient of one weight against the change of the loss that the command itself writes. */
  @Test
  void aGradientIsTheSlopeOfTheLoss() throws IOException {
    features(model, inputs, out).succeeded();
    double slope;
    try (Safetensors found = Safetensors.open(out)) {
      slope = found.floats("grad.logit_scale").item();
    }
    float[] scale = clip.logitScale().value().floats().array();
    int at = clip.logitScale().value().floats().offset();
    float middle = scale[at];
    double[] losses = new double[2];
    for (int side = 0; side < 2; side++) {
      scale[at] = middle + (side == 0 ? -0.05f : 0.05f);
      SafetensorsWriter writer = new SafetensorsWriter();
      OpenAiWeights.write(clip, writer);
      writer.write(model);
      features(model, inputs, out).succeeded();
      try (Safetensors found = Safetensors.open(out)) {
        losses[side] = found.floats("loss").item();
      }
    }
    assertThat((losses[1] - losses[0]) / 0.1).isCloseTo(slope, within(0.01 * Math.abs(slope)));
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    Path none = folder.resolve("none.safetensors");
    features(none, inputs, out).refused("there is no model at", "none.safetensors");
    features(model, none, out).refused("none.safetensors");
    features(model, model, out).refused("model.safetensors", "images");
    features(model, inputs, model.resolve("out"))
        .refused("cannot be written", "model.safetensors is in the way");
    Path odd = folder.resolve("odd.safetensors");
    refused(odd, images.narrow(0, 0, 2), tokens, "as many rows of tokens");
    refused(
        odd, images.reshape(Shape.of(BATCH, 3, 8, 32)), tokens, "images must be (B, 3, 16, 16)");
    refused(odd, images.reshape(Shape.of(BATCH, 768)), tokens, "images must be (B, 3, 16, 16)");
    IntTensor longer = new IntTensor(Shape.of(BATCH, 7), new int[BATCH * 7]);
    refused(odd, images, longer, "T of at most 6");
    tokens.data()[7] = 40;
    refused(odd, images, tokens, "odd.safetensors", "0..39", "40");
    new SafetensorsWriter().add("images", images).add("tokens", images).write(odd);
    features(model, odd, out).refused("odd.safetensors", "tokens");
    assertThat(out).doesNotExist();
  }

  private void refused(Path file, Tensor pictures, IntTensor texts, String... words)
      throws IOException {
    new SafetensorsWriter().add("images", pictures).add("tokens", texts).write(file);
    features(model, file, out).refused(words);
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.openai.safetensors", "hf"})
  void equalsTheOriginal(String path) throws IOException {
    Path golden = Goldens.folder("vit");
    features(golden.resolve(path), golden.resolve("inputs.safetensors"), out).succeeded();
    JsonNode tolerances =
        new ObjectMapper()
            .readTree(Files.readString(golden.resolve("tolerances.json")))
            .path("grads");
    try (Safetensors found = Safetensors.open(out);
        Safetensors outputs =
            Safetensors.open(golden.resolve("expected_forward_eval.safetensors"));
        Safetensors gradients = Safetensors.open(golden.resolve("grads.safetensors"))) {
      for (String name : List.of("image_features", "text_features")) {
        assertClose(found, name, outputs.doubles(name), 1e-5);
      }
      assertClose(found, "logits_per_image", outputs.doubles("logits_per_image"), 1e-4);
      assertClose(found, "loss", outputs.doubles("loss"), 2e-6);
      for (String name : gradients.names()) {
        if (name.startsWith("__")) {
          continue;
        }
        JsonNode noise = tolerances.path(name);
        double tolerance =
            10 * noise.path("max_abs_diff_f32_vs_f64").asDouble()
                + 1e-6 * noise.path("max_abs").asDouble();
        assertClose(found, "grad." + name, gradients.doubles(name), tolerance);
      }
    }
  }

  private static void assertClose(Safetensors found, String name, double[] wanted, double tolerance)
      throws IOException {
    double[] values = found.doubles(name);
    assertThat(values).as(name).hasSize(wanted.length);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(values[i]).as("%s, element %d", name, i).isCloseTo(wanted[i], within(tolerance));
    }
  }
}
