package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Tiny;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An index made, brought up to date and searched on the command line. */
class SearchCommandTest {
  private static final int PICTURES = 6;

  @TempDir static Path folder = Path.of(".");
  private static Path model = Path.of(".");
  private static Path index = Path.of(".");

  @BeforeAll
  static void makeIndex() {
    model = Tiny.save(folder.resolve("model"), 3);
    index = folder.resolve("idx");
    for (int i = 0; i < PICTURES; i++) {
      Tiny.png(picture(i), i);
    }
    Cli.Outcome made =
        Cli.run("index", folder.resolve("pictures"), "--model", model, "--out", index).succeeded();
    assertThat(made.out()).contains("6 new, 0 changed, 0 deleted, 0 unchanged");
    assertThat(made.err()).contains("embedding", "6 pictures");
  }

  private static Path picture(int i) {
    return folder.resolve("pictures/p%d.png".formatted(i)).toAbsolutePath();
  }

  @Test
  void aPictureIsNearestToItself() {
    List<String> lines =
        Cli.run("search", index, "--image", picture(4), "--top", 3)
            .succeeded()
            .out()
            .lines()
            .toList();
    assertThat(lines).hasSize(3);
    assertThat(lines.getFirst()).isEqualTo(" 1.0000  " + picture(4));
  }

  @Test
  void textsArePrintedAsAsked() {
    assertThat(Cli.run("search", index, "a cat").succeeded().out().lines()).hasSize(PICTURES);
    assertThat(Cli.run("search", index, "a cat", "--format", "csv").succeeded().out().lines())
        .hasSize(PICTURES + 1)
        .startsWith("score,picture");
    assertThat(
            Cli.run("search", index, "a cat", "--minus", "dogs", "--top", 1, "--format", "json")
                .succeeded()
                .out())
        .startsWith("{\"picture\":\"")
        .contains("\"score\":");
    assertThat(Cli.run("search", index, "--measure-recall", "--top", 2).succeeded().out())
        .contains("finds 100.00 % of the 2 truly nearest", "6 of the 6 pictures");
  }

  /** Searching with another activation than the index was made with would compare nothing. */
  @Test
  void theActivationThatAnIndexWasMadeWithIsKept() {
    Path exact = folder.resolve("exact");
    Cli.run(
            "index",
            folder.resolve("pictures"),
            "--model",
            model,
            "--activation",
            "gelu",
            "--out",
            exact)
        .succeeded();
    assertThat(Cli.run("search", exact, "a cat").succeeded().out().lines()).hasSize(PICTURES);
    Cli.run("search", exact, "a cat", "--activation", "quick_gelu").refused("whose weights differ");
  }

  @Test
  void mistakesAreRefused() throws IOException {
    Cli.run("search", index).refused("nothing to look for", "--image PICTURE");
    Cli.run("search", folder.resolve("none"), "a cat").refused("none");
    Cli.run("search", index, "--image", folder.resolve("no.png")).refused("no.png");
    Path other = Tiny.save(folder.resolve("other"), 4);
    Cli.run("search", index, "a cat", "--model", other).refused("whose weights differ");
    Cli.run("index", folder.resolve("pictures"), "--model", other, "--out", index)
        .refused("whose weights differ");
    Path broken = Files.createDirectories(folder.resolve("broken"));
    Files.writeString(broken.resolve("a.png"), "no picture");
    Cli.run(
            "index",
            broken,
            "--model",
            model,
            "--out",
            folder.resolve("b"),
            "--max-bad",
            0,
            "--max-bad-fraction",
            0)
        .refused("a.png");
    Cli.run("index", folder.resolve("gone"), "--model", model, "--out", folder.resolve("g"))
        .refused("gone");
    Cli.run("serve", index, "--port", 99_999).refused("99999");
  }
}
