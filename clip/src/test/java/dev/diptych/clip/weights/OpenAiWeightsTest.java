package dev.diptych.clip.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.autograd.Buffer;
import dev.diptych.autograd.Parameter;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ResNetConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files with OpenAI's names: nothing is lost on the way, and what does not fit is named. */
class OpenAiWeightsTest {
  /** Nothing here is what the shapes alone would suggest. */
  static final ClipConfig ODD =
      new ClipConfig(
          10, new VitConfig(12, 4, 24, 2, 3), new TextConfig(7, 30, 16, 3, 4, 5), Activation.GELU);

  /** The same of a ResNet: 4 heads of 24 channels where 12 of 64 would be usual. */
  static final ClipConfig ODD_RESNET =
      new ClipConfig(
          10,
          new ResNetConfig(64, 6, List.of(1, 2, 1, 1), 4),
          new TextConfig(7, 30, 16, 1, 4, 5),
          Activation.GELU);

  @TempDir Path folder = Path.of(".");

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Clip clip = Clip.create(ODD, 1);
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter writer = new SafetensorsWriter();
    OpenAiWeights.write(clip, writer);
    writer.write(file);
    Clip read = ModelFiles.load(file);
    assertThat(read.config()).isEqualTo(ODD);
    assertThat(read.parameters().values().toArray())
        .isEqualTo(clip.parameters().values().toArray());
  }

  @Test
  void whatIsWrittenOfAResNetIsReadWithItsRunningStatistics() throws IOException {
    Clip clip = Clip.create(ODD_RESNET, 1);
    float number = 0;
    for (Buffer buffer : clip.parameters().buffers()) {
      buffer.value().floats().fill(++number);
    }
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter writer = new SafetensorsWriter();
    OpenAiWeights.write(clip, writer);
    writer.write(file);
    Clip read = ModelFiles.load(file);
    assertThat(read.config()).isEqualTo(ODD_RESNET);
    assertThat(read.parameters().state().keySet())
        .containsExactlyElementsOf(clip.parameters().state().keySet());
    clip.parameters()
        .state()
        .forEach((name, value) ->
            assertThat(Objects.requireNonNull(read.parameters().state().get(name)).toArray())
                .as(name)
                .isEqualTo(value.toArray()));
    assertThat(read.fingerprint()).isEqualTo(clip.fingerprint());
    read.parameters().buffers().getLast().value().floats().fill(-1);
    assertThat(read.fingerprint()).isNotEqualTo(clip.fingerprint());
  }

  @Test
  void withoutMetadataTheShapesTell() throws IOException {
    TextConfig text = new TextConfig(7, 30, 64, 1, 1, 29);
    for (VisionConfig vision :
        new VisionConfig[] {
          new VitConfig(8, 4, 128, 1, 2), new ResNetConfig(64, 4, List.of(2, 1, 1, 3), 2)
        }) {
      ClipConfig config = new ClipConfig(10, vision, text, Activation.QUICK_GELU);
      Path file = folder.resolve("model.safetensors");
      write(Clip.create(config, 1), "", file);
      assertThat(ModelFiles.load(file).config()).isEqualTo(config);
    }
  }

  /** All weights and buffers but {@code without}, and no metadata. */
  private static void write(Clip clip, String without, Path file) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    clip.parameters()
        .state()
        .forEach((ours, value) -> {
          String name = OpenAiNames.of(ours);
          if (!name.equals(without)) {
            writer.add(name, value);
          }
        });
    writer.write(file);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyMissingTensorIsNamed(boolean resNet) throws IOException {
    Clip clip = Clip.create(resNet ? ODD_RESNET : ODD, 1);
    Path file = folder.resolve("model.safetensors");
    for (String ours : clip.parameters().state().keySet()) {
      String name = OpenAiNames.of(ours);
      write(clip, name, file);
      assertThatThrownBy(() -> ModelFiles.load(file))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("model.safetensors")
          .hasMessageContaining("'" + name + "'");
    }
  }

  @Test
  void metadataThatMakesNoSense() throws IOException {
    String[][] cases = {
      {"activation", "relu", "'relu' is not known"},
      {"vision_heads", "three", "vision_heads must be a number, found 'three'"},
      {"text_heads", "0", "heads must divide the channels"},
      {"end_token", "30", "end token 30 is not in the vocabulary of 30"},
    };
    for (String[] one : cases) {
      SafetensorsWriter writer = new SafetensorsWriter();
      OpenAiWeights.write(Clip.create(ODD, 1), writer);
      Path file = folder.resolve("model.safetensors");
      writer.metadata(one[0], one[1]).write(file);
      assertThatThrownBy(() -> ModelFiles.load(file))
          .isInstanceOf(UserException.class)
          .hasMessageContaining(one[2]);
    }
  }

  @Test
  void aTensorOfAnotherShapeIsNamed() throws IOException {
    Clip clip = Clip.create(ODD, 1);
    SafetensorsWriter writer = new SafetensorsWriter();
    for (Parameter parameter : clip.parameters().list()) {
      String name = OpenAiNames.of(parameter.name());
      Tensor value =
          name.equals("ln_final.bias") ? Tensor.of(new float[17], Shape.of(17)) : parameter.value();
      writer.add(name, value);
    }
    Path file = folder.resolve("model.safetensors");
    writer.metadata("vision_heads", "3").metadata("text_heads", "4").write(file);
    assertThatThrownBy(() -> ModelFiles.load(file))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'ln_final.bias' has the shape (17), the model needs (16)");
  }

  @Test
  void vocabulariesAreLookedForBesideTheModel() throws IOException {
    Path run = Files.createDirectories(folder.resolve("run"));
    Path checkpoint =
        Files.createDirectories(run.resolve("checkpoints")).resolve("step-000000001.safetensors");
    assertThat(ModelFiles.vocabularyBeside(checkpoint)).isNull();
    Path vocabulary = Files.writeString(run.resolve("vocab.json"), "{}");
    assertThat(ModelFiles.vocabularyBeside(checkpoint)).isEqualTo(vocabulary.toAbsolutePath());
    assertThat(ModelFiles.vocabularyBeside(run)).isEqualTo(vocabulary.toAbsolutePath());
    // A run without a checkpoint is no model yet.
    Files.writeString(run.resolve("config.json"), "{}");
    assertThatThrownBy(() -> ModelFiles.load(run))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("has no checkpoint yet");
  }
}
