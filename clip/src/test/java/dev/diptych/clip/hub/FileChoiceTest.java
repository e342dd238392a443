package dev.diptych.clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileChoiceTest {
  private static final RepoId REPO = RepoId.of("a/b");

  private static List<HubFile> files(String... names) {
    return Stream.of(names).map(name -> new HubFile(name, 1, "0".repeat(40), null)).toList();
  }

  private static List<String> weights(boolean transformers, String... names) {
    return FileChoice.weights(files(names), transformers, REPO).stream()
        .map(HubFile::path)
        .toList();
  }

  private static List<String> matching(List<String> includes, List<String> excludes) {
    return FileChoice.matching(
            files("a.json", "b.bin", "onnx/a.json", "onnx/m.onnx"), includes, excludes)
        .stream()
        .map(HubFile::path)
        .toList();
  }

  @Test
  void oneFormOfWeightsIsTakenTheBestFirst() {
    String[] all = {
      "flax_model.msgpack",
      "model.safetensors",
      "onnx/model.safetensors",
      "open_clip_model.safetensors",
      "open_clip_pytorch_model.bin",
      "pytorch_model.bin"
    };
    assertThat(weights(true, all)).containsExactly("model.safetensors");
    assertThat(weights(true, "pytorch_model.bin", "open_clip_pytorch_model.bin"))
        .containsExactly("open_clip_pytorch_model.bin");
    assertThat(weights(true, "pytorch_model.bin", "tf_model.h5"))
        .containsExactly("pytorch_model.bin");
    assertThat(weights(true, "ViT-B-32.pt", "words.txt")).containsExactly("ViT-B-32.pt");
  }

  /** In timm's repositories model.safetensors is the picture tower alone. */
  @Test
  void anotherLibrarysModelFileComesAfterOpenClips() {
    assertThat(weights(false, "model.safetensors", "open_clip_model.safetensors"))
        .containsExactly("open_clip_model.safetensors");
    assertThat(weights(false, "model.safetensors", "x.bin")).containsExactly("model.safetensors");
  }

  @Test
  void partsComeWithTheirIndex() {
    String[] parts = {
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json"
    };
    assertThat(weights(true, parts)).containsExactly(parts);
    String[] torch = {
      "pytorch_model-00001-of-00002.bin",
      "pytorch_model-00002-of-00002.bin",
      "pytorch_model.bin.index.json"
    };
    assertThat(weights(true, torch)).containsExactly(torch);
  }

  @Test
  void whatIsNotClearIsAsked() {
    assertThatThrownBy(() -> weights(true, "a.pt", "b.pt"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("a/b has weights in several files: choose with --include")
        .hasMessageContaining("a.pt, b.pt");
    assertThatThrownBy(() -> weights(true, "README.md"))
        .hasMessageContaining("no weights of a known name")
        .hasMessageContaining("README.md");
  }

  @Test
  void patternsAreThoseOfHuggingfacesOwnCommand() {
    assertThat(matching(List.of("*.json"), List.of())).containsExactly("a.json", "onnx/a.json");
    assertThat(matching(List.of(), List.of("onnx/*"))).containsExactly("a.json", "b.bin");
    assertThat(matching(List.of("onnx/"), List.of("*.onnx"))).containsExactly("onnx/a.json");
    assertThat(matching(List.of("?.bin", "[a].json"), List.of())).containsExactly("b.bin");
  }

  @Test
  void publishedNamesLeadToOpenAisModels() {
    assertThat(RepoId.of("ViT-B/32")).hasToString("openai/clip-vit-base-patch32");
    assertThat(RepoId.of("ViT-L-14-336px")).hasToString("openai/clip-vit-large-patch14-336");
    assertThat(RepoId.of("laion/CLIP-ViT-B-32-laion2B-s34B-b79K").folder())
        .isEqualTo("models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a", "a/b/c", "../b", "a/..", "/b", "a/", "a/b--c", "a/b c", "-a/b", "a/b\n"})
  void namesThatAreNoneAreRefused(String name) {
    assertThatThrownBy(() -> RepoId.of(name))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("expected owner/name");
    assertThat(RepoId.parse(name)).isEmpty();
  }
}
