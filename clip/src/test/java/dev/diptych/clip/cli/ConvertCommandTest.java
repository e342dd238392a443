package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Tiny;
import dev.diptych.clip.weights.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvertCommandTest {
  @TempDir Path folder;
  private Path model = Path.of("");

  @BeforeEach
  void writeModel() {
    model = Tiny.save(folder.resolve("tiny"), 3);
  }

  @Test
  void thereAndBackAgain() {
    Path hf = folder.resolve("hf");
    Path openClip = folder.resolve("open_clip");
    Path openAi = folder.resolve("back.safetensors");
    Cli.Outcome first = Cli.run("convert", model, hf, "--to", "hf").succeeded();
    assertThat(first.out())
        .contains("OpenAI's names", "activation quick_gelu, says the file's metadata")
        .containsPattern("[0-9,]+ parameters")
        .contains("a vocabulary of", "wrote " + hf + ": hf, f32");
    assertThat(hf).isDirectoryContaining("glob:**/vocab.json");
    assertThat(Cli.run("convert", hf, openClip, "--to", "open_clip").succeeded().out())
        .contains("Hugging Face's names", "says config.json");
    Cli.run("convert", openClip, openAi, "--to", "openai").succeeded();
    assertThat(ModelFiles.load(openAi).fingerprint())
        .isEqualTo(ModelFiles.load(model).fingerprint());
  }

  @Test
  void whatIsThereIsNotReplacedUnasked() throws IOException {
    Path out = folder.resolve("out");
    Cli.run("convert", model, out, "--to", "hf", "--dtype", "f16").succeeded();
    Cli.run("convert", model, out, "--to", "open_clip").refused("is there already; --force");
    Cli.run("convert", model, out, "--to", "open_clip", "--force").succeeded();
    Cli.run("convert", model, out, "--to", "openai").refused("is a folder");
    Cli.run("convert", model, model, "--to", "openai", "--force")
        .refused("is the model that is read");
    Path file = Files.writeString(folder.resolve("note.txt"), "mine");
    Cli.run("convert", model, file, "--to", "hf", "--force").refused("is a file");
    assertThat(file).hasContent("mine");
  }

  @Test
  void mistakesAreNamed() {
    Cli.run("convert", model, folder.resolve("x"), "--to", "onnx").refused("--to");
    Cli.run("convert", model, folder.resolve("x"), "--to", "hf", "--dtype", "f8")
        .refused("--dtype");
    Cli.run("convert", folder.resolve("none"), folder.resolve("x"), "--to", "hf")
        .refused("there is no model at");
  }

  @Test
  void theActivationThatIsAskedForIsWritten() {
    Path out = folder.resolve("out");
    assertThat(
            Cli.run("convert", model, out, "--to", "open_clip", "--activation", "gelu")
                .succeeded()
                .out())
        .contains("activation gelu, as asked for");
    assertThat(ModelFiles.load(out).config().activation().name()).isEqualTo("GELU");
  }
}
