package dev.diptych.clip.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import dev.diptych.clip.hub.HubCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of models that are no paths. */
class ModelFilesTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  @TempDir Path folder;

  private Path locate(String name) {
    return ModelFiles.locate(Path.of(name), () -> new HubCache(folder));
  }

  private Path cached(String model) throws IOException {
    Path snapshot = folder.resolve(model).resolve("snapshots").resolve(COMMIT);
    Files.createDirectories(snapshot);
    Files.createDirectories(folder.resolve(model).resolve("refs"));
    Files.writeString(folder.resolve(model).resolve("refs/main"), COMMIT);
    Files.writeString(snapshot.resolve("model.safetensors"), "");
    return snapshot;
  }

  @Test
  void aPathThatIsThereIsItself() {
    assertThat(locate(folder.toString())).isEqualTo(folder);
  }

  @Test
  void aNameIsLookedUpInTheCache() throws IOException {
    Path snapshot = cached("models--openai--clip-vit-base-patch32");
    assertThat(locate("openai/clip-vit-base-patch32")).isEqualTo(snapshot);
    assertThat(locate("ViT-B/32")).isEqualTo(snapshot);
    assertThat(locate("ViT-B-32")).isEqualTo(snapshot);
  }

  @Test
  void whatWasNotPulledIsNotDownloadedButNamed() {
    assertThatThrownBy(() -> locate("ViT-L/14"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("there is no model at ViT-L/14")
        .hasMessageEndingWith("./diptych pull openai/clip-vit-large-patch14");
  }

  @Test
  void aFileThatIsMissingIsNoModelOfAHub() {
    for (String name : new String[] {"models/x.safetensors", "a/b/c", "/no/where", "x"}) {
      assertThatThrownBy(() -> locate(name))
          .isInstanceOf(UserException.class)
          .hasMessage(
              "there is no model at %s: give a .safetensors, .pt or .bin file, or a folder", name);
    }
  }
}
