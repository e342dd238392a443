package dev.diptych.clip.weights;

import static dev.diptych.clip.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.Goldens;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.op.L2Normalize;
import dev.diptych.tensor.op.Matmul;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One very small model in every format that CLIPs are passed around in, and what it computes. */
class GoldenFormatsTest {
  private final TensorScope scope = new TensorScope(Device.CPU);
  private Path goldens = Path.of("");

  @TempDir Path folder;

  @BeforeEach
  void find() {
    goldens = Goldens.folder("micro_formats");
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** What is said in the fourth column is what told the activation. */
  @ParameterizedTest
  @CsvSource({
    "state_dict.fp16.pt, OPENAI, quick_gelu, guessed",
    "state_dict.fp16.legacy_nonzip.pt, OPENAI, quick_gelu, guessed",
    "torchscript.fp16.cuda0.pt, OPENAI, quick_gelu, as in all of OpenAI's own files",
    "weights_bf16.openai.safetensors, OPENAI, bf16_weights, says open_clip_config.json",
    "openclip_checkpoint_epoch3.fp16.pt, OPENAI, gelu, guessed",
    "openclip_customtext.fp16.safetensors, CUSTOM_TEXT, gelu, guessed"
  })
  void aFileAlone(String name, Layout layout, String variant, String from) throws IOException {
    Path file = Files.copy(goldens.resolve(name), folder.resolve("weights")); // no name helps
    boolean rounded = variant.equals("bf16_weights");
    Activation asked = rounded ? Activation.QUICK_GELU : null;
    LoadedModel loaded = ModelFiles.read(file, asked);
    assertThat(loaded.layout()).isEqualTo(layout);
    assertThat(loaded.activationFrom()).isEqualTo(rounded ? "as asked for" : from);
    assertThat(loaded.clip().config()).isEqualTo(config(variant));
    assertOutputs(loaded.clip(), variant);
  }

  @ParameterizedTest
  @CsvSource({
    "openclip_checkpoint_epoch3.fp16.pt, quick_gelu",
    "openclip_customtext.fp16.safetensors, quick_gelu",
    "state_dict.fp16.pt, gelu",
    "torchscript.fp16.cuda0.pt, gelu"
  })
  void theActivationThatIsAskedFor(String name, String variant) throws IOException {
    Path file = Files.copy(goldens.resolve(name), folder.resolve(name));
    Clip clip = ModelFiles.read(file, config(variant).activation()).clip();
    assertOutputs(clip, variant);
  }

  /**
   * open_clip's folders on the hub: their configuration says nothing of QuickGELU, so it is not.
   */
  @ParameterizedTest
  @CsvSource({
    "openclip_customtext.fp16.safetensors, open_clip_model.safetensors",
    "openclip_customtext.fp16.safetensors, model.safetensors",
    "state_dict.fp16.pt, open_clip_pytorch_model.bin",
    "openclip_checkpoint_epoch3.fp16.pt, epoch_3.pt"
  })
  void aDirectoryOfOpenClips(String name, String as) throws IOException {
    Files.copy(goldens.resolve(name), folder.resolve(as));
    Files.copy(goldens.resolve("open_clip_config.json"), folder.resolve("open_clip_config.json"));
    LoadedModel loaded = ModelFiles.read(folder, null);
    assertThat(loaded.activationFrom()).isEqualTo("says open_clip_config.json");
    assertThat(loaded.clip().config()).isEqualTo(config("gelu"));
    assertOutputs(loaded.clip(), "gelu");
  }

  @Test
  void gradientsWithExactGelu() throws IOException {
    Clip clip = load("state_dict.fp16.pt", Activation.GELU);
    clip.parameters().requireGradients();
    Tape tape = Tape.recording(scope);
    tape.backward(loss(tape, clip, new Var[2]));
    int compared = 0;
    try (Safetensors expected = expected()) {
      for (Parameter parameter : clip.parameters().list()) {
        String name = "gelu.grad." + OpenAiNames.of(parameter.name());
        if (expected.contains(name)) {
          assertClose(expected, name, Objects.requireNonNull(parameter.var().gradient()), 1e-5);
          compared++;
        }
      }
    }
    assertThat(compared).isEqualTo(4);
  }

  @Test
  void openAisArchiveOfAResNetHoldsTheNumbersOfItsSafetensors() {
    Path resNet = Goldens.folder("resnet");
    LoadedModel loaded = ModelFiles.read(resNet.resolve("torchscript.fp16.pt"), null);
    assertThat(loaded.activationFrom()).isEqualTo("as in all of OpenAI's own files");
    assertThat(loaded.clip().fingerprint())
        .isEqualTo(ModelFiles.load(resNet.resolve("model.openai.safetensors")).fingerprint());
  }

  @Test
  void huggingFacesFileWithoutItsConfiguration() throws IOException {
    Path vit = Goldens.folder("vit");
    Path alone =
        Files.copy(vit.resolve("hf/model.safetensors"), folder.resolve("some.safetensors"));
    LoadedModel loaded = ModelFiles.read(alone, null);
    assertThat(loaded.layout()).isEqualTo(Layout.HUGGING_FACE);
    assertThat(loaded.clip().fingerprint())
        .isEqualTo(ModelFiles.load(vit.resolve("model.openai.safetensors")).fingerprint());
  }

  private Clip load(String name, @Nullable Activation activation) throws IOException {
    return ModelFiles.read(goldens.resolve(name), activation).clip();
  }

  private static ClipConfig config(String variant) {
    return new ClipConfig(
        32,
        new VitConfig(16, 8, 64, 1, 1),
        new TextConfig(8, 96, 64, 1, 1, 95),
        variant.equals("gelu") ? Activation.GELU : Activation.QUICK_GELU);
  }

  private Safetensors expected() throws IOException {
    return Safetensors.open(goldens.resolve("inputs_and_expected.safetensors"));
  }

  private Var loss(Tape tape, Clip clip, Var[] features) throws IOException {
    Tensor images;
    IntTensor tokens;
    try (Safetensors inputs = expected()) {
      images = inputs.floats("images");
      tokens = inputs.ints("tokens");
    }
    features[0] = tape.keep(clip.encodeImage(tape, images));
    features[1] = tape.keep(clip.encodeText(tape, tokens));
    return Functions.contrastiveLoss(
            tape, features[0], features[1], clip.logitScale().var(), null, true)
        .loss();
  }

  private void assertOutputs(Clip clip, String variant) throws IOException {
    Var[] features = new Var[2];
    Var loss = loss(Tape.inference(scope), clip, features);
    try (Safetensors expected = expected()) {
      assertClose(expected, variant + ".image_features", features[0].value(), 1e-5);
      assertClose(expected, variant + ".text_features", features[1].value(), 1e-5);
      assertClose(expected, variant + ".loss", loss.value(), 5e-6);
      assertClose(
          expected, variant + ".logits_per_image", logits(clip, features[0], features[1]), 1e-4);
    }
  }

  /** exp(logit_scale)·cos(image, text), (B, B). */
  private Tensor logits(Clip clip, Var images, Var texts) {
    float[] cosines =
        Matmul.forward(
                scope,
                L2Normalize.forward(scope, images.value()).y(),
                false,
                L2Normalize.forward(scope, texts.value()).y(),
                true)
            .toArray();
    float scale = (float) Math.exp(clip.logitScale().value().item());
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] *= scale;
    }
    return Tensor.of(cosines, Shape.of(images.value().dim(0), texts.value().dim(0)));
  }
}
