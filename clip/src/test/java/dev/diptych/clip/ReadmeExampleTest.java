package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.weights.OpenAiWeights;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
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

/** The example of the README: that it runs, and that it is this one. */
class ReadmeExampleTest {
  private static final Path SOURCE =
      Path.of("src/test/java/dev/diptych/clip/ReadmeExampleTest.java");

  // README: begin
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

  // README: end

  @Test
  void runs(@TempDir Path folder) throws IOException {
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
    Path file = folder.resolve("drawn.png");
    ImageIO.write(new BufferedImage(20, 30, BufferedImage.TYPE_INT_RGB), "png", file.toFile());

    List<ZeroShotClassifier.Prediction> predictions =
        whatIsIt(folder.resolve("model.safetensors"), file);
    assertThat(predictions)
        .extracting(ZeroShotClassifier.Prediction::label)
        .containsExactlyInAnyOrder("red circle", "blue star", "green triangle");
    double sum = predictions.stream().mapToDouble(ZeroShotClassifier.Prediction::probability).sum();
    assertThat(sum).isCloseTo(1, org.assertj.core.api.Assertions.within(1e-9));
    assertThat(predictions.getFirst().probability())
        .isGreaterThanOrEqualTo(predictions.getLast().probability());
  }

  @Test
  void standsInTheReadme() throws IOException {
    String source = Files.readString(SOURCE);
    int begin = source.indexOf("  // README: begin\n") + "  // README: begin\n".length();
    String example =
        source.substring(begin, source.indexOf("  // README: end")).stripTrailing().stripIndent();
    assertThat(example).startsWith("static List<").endsWith("}");
    assertThat(Files.readString(Path.of("../README.md"))).contains(example);
  }
}
