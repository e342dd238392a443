package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Tiny;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PictureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ExplainCommandTest {
  @TempDir static Path folder = Path.of(".");
  private static Path model = Path.of(".");
  private static Path picture = Path.of(".");

  @BeforeAll
  static void prepare() {
    model = Tiny.save(folder.resolve("model"), 5);
    picture = Tiny.png(folder.resolve("picture.png"), 2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"relevance", "values", "similarity"})
  void writesAMapAndItsValues(String method) throws IOException, PictureException {
    Path out = folder.resolve("new").resolve(method + ".png");
    String json =
        Cli.run(
                "explain",
                picture,
                "a cat",
                "--model",
                model,
                "--method",
                method,
                "--out",
                out,
                "--json")
            .succeeded()
            .out();
    Picture map = PictureDecoder.read(out);
    assertThat(map.width()).isEqualTo(20);
    assertThat(map.height()).isEqualTo(18);
    JsonNode fields = JsonMapper.shared().readTree(json);
    assertThat(fields.path("method").asString()).isEqualTo(method);
    assertThat(fields.path("text").asString()).isEqualTo("a cat");
    assertThat(fields.path("cosine").asDouble()).isBetween(-1.0, 1.0).isNotZero();
    assertThat(fields.path("values").size()).isEqualTo(2);
    assertThat(fields.path("values").path(1).size()).isEqualTo(2);
    assertThat(fields.path("area").path("width").asDouble()).isBetween(17.0, 19.0);
    assertThat(fields.path("peak").path("y").asDouble()).isBetween(0.0, 18.0);
  }

  @Test
  void explainsAResNetByItsOwnMethod() {
    Path resNet = Tiny.save(folder.resolve("resnet"), Tiny.resNet(5));
    Path out = folder.resolve("resnet.png");
    String json =
        Cli.run("explain", picture, "a cat", "--model", resNet, "--out", out, "--json")
            .succeeded()
            .out();
    JsonNode fields = JsonMapper.shared().readTree(json);
    assertThat(fields.path("method").asString()).isEqualTo("grad_cam");
    assertThat(fields.path("values").size()).isEqualTo(2);
    Cli.run("explain", picture, "a cat", "--model", resNet, "--method", "values")
        .refused("cannot explain a ResNet: use grad_cam");
  }

  @Test
  void saysWhereInWords() {
    Path out = folder.resolve("plain.png");
    Cli.Outcome outcome =
        Cli.run("explain", picture, "two red dogs", "--model", model, "--out", out).succeeded();
    assertThat(outcome.out()).contains("\"two red dogs\"", "of 20 × 18 pixels", out.toString());
  }

  @Test
  void takesAnotherContext() {
    Path out = folder.resolve("context.png");
    String longText = "a photo of two red dogs and a lamp and a cat and two red dogs";
    Cli.Outcome same = explain(longText, out, "--context-length", 20).succeeded(); // as it has
    Cli.Outcome shorter = explain("a cat", out, "--context-length", 8).succeeded();
    assertThat(shorter.out()).isEqualTo(explain("a cat", out).succeeded().out());
    assertThat(shorter.err()).isEmpty();
    assertThat(same.err()).doesNotContain("stretched");
    explain("a cat", out, "--context-length", 40).refused("20 tokens cannot keep 20");
    explain("a cat", out, "--context-length", 1).refused("--context-length must be 2 to 16384");
  }

  private static Cli.Outcome explain(String text, Path out, Object... options) {
    List<Object> words =
        new ArrayList<>(List.of("explain", picture, text, "--model", model, "--out", out));
    words.addAll(List.of(options));
    return Cli.run(words.toArray());
  }

  @Test
  void refusesWhatItCannotExplain() throws IOException {
    Path text = Files.writeString(folder.resolve("text.png"), "no picture");
    Cli.run("explain", text, "a cat", "--model", model).refused("text.png");
    Cli.run("explain", picture, "a cat", "--model", model, "--out", text.resolve("below.png"))
        .refused("below.png", "cannot be written");
    Cli.run("explain", picture, "a cat", "--model", model, "--method", "gradcam")
        .refused("--method", "SIMILARITY");
    Cli.run("explain", picture, "a cat", "--model", model, "--method", "grad_cam")
        .refused("cannot explain a vision Transformer: use relevance");
    Cli.run("explain", picture, "--model", model).refused("TEXT");
  }
}
