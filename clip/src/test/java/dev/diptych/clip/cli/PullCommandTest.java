package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Tiny;
import dev.diptych.clip.hub.HubServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PullCommandTest {
  private static final String NAME = "someone/tiny-clip";

  @TempDir Path folder;
  private HubServer hub;
  private String commit;

  @BeforeEach
  void open() throws IOException {
    hub = new HubServer(0);
    byte[] config = "{\"model_type\": \"clip\"}".getBytes(StandardCharsets.UTF_8);
    commit =
        hub.add(
            NAME,
            Map.of("config.json", config, "model.safetensors", new byte[5000], "x.h5", config));
  }

  @AfterEach
  void close() {
    hub.close();
  }

  private Cli.Outcome pull(Object... more) {
    Object[] start = {"pull", NAME, "--endpoint", hub.endpoint(), "--cache", folder};
    Object[] all = Arrays.copyOf(start, start.length + more.length);
    System.arraycopy(more, 0, all, start.length, more.length);
    return Cli.run(all);
  }

  @Test
  void onlyTheFolderGoesToStandardOutput() {
    Cli.Outcome outcome = pull().succeeded();
    Path snapshot = Path.of(outcome.out().strip());
    assertThat(snapshot).hasFileName(commit);
    assertThat(snapshot.resolve("model.safetensors")).hasSize(5000);
    assertThat(outcome.err())
        .contains(NAME + " at " + commit, "left out (--include takes them): x.h5; 22 B")
        .containsPattern("model.safetensors  100 %  5.0 kB of 5.0 kB  .*/s  in 0:0");
    hub.close();
    assertThat(pull("--offline").succeeded().out()).isEqualTo(outcome.out());
  }

  @Test
  void patternsChooseFiles() throws IOException {
    String out = pull("--include", "*.h5", "*.json", "--exclude", "config.*").succeeded().out();
    try (var files = Files.list(Path.of(out.strip()))) {
      assertThat(files.map(file -> file.getFileName().toString())).containsExactly("x.h5");
    }
    pull("--include", "*.onnx").refused("no file matches", "config.json, model.safetensors, x.h5");
  }

  @Test
  void mistakesAreNamed() throws IOException {
    pull("--revision", "v2").refused("at revision 'v2': there is none on the hub");
    pull("--revision", "../..").refused("'../..' is no revision");
    Cli.run("pull", NAME, "--endpoint", "nowhere").refused("'nowhere' is no web address");
    Path empty = Files.writeString(folder.resolve("token"), "\n");
    pull("--token-file", empty).refused("token", "is empty");
    Cli.run("pull", "clip").refused("'clip' is no name of a model on a hub", "ViT-B/32");
  }

  @Test
  void aModelThatWasNotPulledIsNamedWithTheCommandThatDoes() {
    Path picture = folder.resolve("picture.png");
    Tiny.png(picture, 1);
    Cli.run("classify", "--model", "nobody/not-pulled", picture, "--labels", "a", "b")
        .refused("neither a file or folder nor pulled", "./diptych pull nobody/not-pulled");
  }
}
