package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.weights.OpenAiWeights;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import dev.diptych.kernels.cuda.CudaDevice;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples of the README and of docs/gpu.md: that they run, and that they are these. */
class ReadmeExampleTest {
  private static final Path SOURCE =
      Path.of("src/test/java/dev/diptych/clip/ReadmeExampleTest.java");

  // README.md: begin
  static List<ZeroShotClassifier.Prediction> whatIsIt(Path modelPath, Path file) {
    try (Diptych model = Diptych.load(modelPath)) {
      var classifier =
          new ZeroShotClassifier(
              model,
              List.of("red circle", "blue star", "green triangle"),
              List.of("a photo of a {}.", "a drawing of a {}."));
      float[][] pictures = model.embedPictures(List.of(PictureDecoder.read(file))); // (1, D)
      return classifier.classify(pictures[0]); // most probable first
    }
  }

  // README.md: end

  // docs/gpu.md: begin
  static float[][] embedOnAGpu(Path modelPath, Path file) {
    try (ComputeDevice gpu = ComputeDevice.cuda(Precision.BF16);
        Diptych model = gpu.take(Diptych.load(modelPath))) {
      return model.embedPictures(List.of(PictureDecoder.read(file))); // (1, D)
    }
  }

  // docs/gpu.md: end

  @TempDir Path folder = Path.of(".");

  private Path model() throws IOException {
    Tokenizer tokenizer =
        BpeTrainer.train(List.of("a photo of a red circle", "a blue star"), 520, 1);
    int size = tokenizer.size();
    ClipConfig config =
        new ClipConfig(
            16,
            new VitConfig(16, 8, 16, 1, 2),
            new TextConfig(12, size, 16, 1, 2, size - 1),
            Activation.QUICK_GELU);
    var writer = new SafetensorsWriter();
    OpenAiWeights.write(Clip.create(config, 1), writer);
    writer.write(folder.resolve("model.safetensors"));
    tokenizer.save(folder);
    return folder.resolve("model.safetensors");
  }

  private Path picture() throws IOException {
    Path file = folder.resolve("drawn.png");
    ImageIO.write(new BufferedImage(20, 30, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
    return file;
  }

  @Test
  void runs() throws IOException {
    List<ZeroShotClassifier.Prediction> predictions = whatIsIt(model(), picture());
    assertThat(predictions)
        .extracting(ZeroShotClassifier.Prediction::label)
        .containsExactlyInAnyOrder("red circle", "blue star", "green triangle");
    double sum = predictions.stream().mapToDouble(ZeroShotClassifier.Prediction::probability).sum();
    assertThat(sum).isCloseTo(1, within(1e-9));
    assertThat(predictions.getFirst().probability())
        .isGreaterThanOrEqualTo(predictions.getLast().probability());
  }

  @Test
  void runsOnAGpuOrSaysWhyThereIsNone() throws IOException {
    Path model = model();
    Path picture = picture();
    if (CudaDevice.survey().problem() != null) {
      assertThatThrownBy(() -> embedOnAGpu(model, picture))
          .isInstanceOf(GpuException.class)
          .hasMessageStartingWith("There is ");
      return;
    }
    try (Diptych onCpu = Diptych.load(model)) {
      float[] expected = onCpu.embedPictures(List.of(PictureDecoder.read(picture)))[0];
      assertThat(embedOnAGpu(model, picture)[0]).containsExactly(expected, within(0.01f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/gpu.md"})
  void standsInTheDocument(String document) throws IOException {
    String source = Files.readString(SOURCE);
    String begin = "  // " + document + ": begin\n";
    String end = begin.replace("begin\n", "end");
    String example =
        source
            .substring(source.indexOf(begin) + begin.length(), source.indexOf(end))
            .stripTrailing()
            .stripIndent();
    assertThat(example).startsWith("static ").endsWith("}");
    assertThat(Files.readString(Path.of("..", document))).contains(example);
  }
}
