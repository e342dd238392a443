package dev.diptych.clip.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.autograd.Parameter;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files with OpenAI's names: nothing is lost on the way, and what does not fit is named. */
class OpenAiWeightsTest {
  /** Nothing here is what the shapes alone would suggest. */
  static final ClipConfig ODD =
      new ClipConfig(
          10, new VitConfig(12, 4, 24, 2, 3), new TextConfig(7, 30, 16, 3, 4, 5), Activation.GELU);

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
  void withoutMetadataTheShapesTell() throws IOException {
    ClipConfig config =
        new ClipConfig(
            10,
            new VitConfig(8, 4, 128, 1, 2),
            new TextConfig(7, 30, 64, 1, 1, 29),
            Activation.QUICK_GELU);
    Path file = folder.resolve("model.safetensors");
    write(Clip.create(config, 1), "", file);
    assertThat(ModelFiles.load(file).config()).isEqualTo(config);
  }

  /** All weights but {@code without}, and no metadata. */
  private static void write(Clip clip, String without, Path file) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    for (Parameter parameter : clip.parameters().list()) {
      String name = OpenAiNames.of(parameter.name());
      if (!name.equals(without)) {
        writer.add(name, parameter.value());
      }
    }
    writer.write(file);
  }

  @Test
  void everyMissingTensorIsNamed() throws IOException {
    Clip clip = Clip.create(ODD, 1);
    Path file = folder.resolve("model.safetensors");
    for (Parameter parameter : clip.parameters().list()) {
      String name = OpenAiNames.of(parameter.name());
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
