package dev.diptych.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardedTensorsTest {
  @TempDir Path folder;

  private Path model;

  @BeforeEach
  void writeShards() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    shard(model.resolve("model-00001-of-00002.safetensors"), "a", 1);
    shard(model.resolve("model-00002-of-00002.safetensors"), "b", 2);
    shard(folder.resolve("elsewhere.safetensors"), "b", 666);
  }

  private static void shard(Path file, String name, float value) throws IOException {
    new SafetensorsWriter()
        .metadata("format", "pt")
        .add(name, Tensor.of(new float[] {value, value + 0.5f}, Shape.of(2)))
        .write(file);
  }

  private Path index(String file) throws IOException {
    return Files.writeString(
        model.resolve("model.safetensors.index.json"),
        """
        {"metadata": {"total_size": 16},
         "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "%s"}}
        """
            .formatted(file));
  }

  @Test
  void severalFilesAreOne() throws IOException {
    Path index = index("model-00002-of-00002.safetensors");
    try (NamedTensors tensors = TensorFiles.open(index)) {
      assertThat(tensors).isInstanceOf(ShardedTensors.class);
      assertThat(tensors.names()).containsExactly("a", "b");
      assertThat(tensors.file()).isEqualTo(index);
      assertThat(tensors.metadata()).containsEntry("format", "pt");
      assertThat(tensors.entry("b").shape()).isEqualTo(Shape.of(2));
      float[] read = new float[2];
      tensors.readFloats("b", Floats.of(read));
      assertThat(read).containsExactly(2, 2.5f);
      assertThatThrownBy(() -> tensors.entry("c"))
          .isInstanceOf(TensorFileException.class)
          .hasMessageContaining("has no tensor 'c'");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "../elsewhere.safetensors, its files must lie beside it",
    "/etc/passwd, its files must lie beside it",
    "..\\\\\\\\elsewhere.safetensors, its files must lie beside it",
    "'', its files must lie beside it",
    ".., its files must lie beside it",
    "model.safetensors.index.json, its files must lie beside it",
    "other.index.json, is an index itself",
    "model-00003-of-00003.safetensors, its part model-00003-of-00003.safetensors is missing",
    "model-00001-of-00002.safetensors, 'says that tensor ''b'' is in model-00001'"
  })
  void whatAnIndexMayNotSay(String file, String words) throws IOException {
    Files.writeString(model.resolve("other.index.json"), "{\"weight_map\": {}}");
    Path index = index(file);
    assertThatThrownBy(() -> TensorFiles.open(index))
        .isInstanceOf(TensorFileException.class)
        .hasMessageContaining("model.safetensors.index.json")
        .hasMessageContaining(words);
  }

  @Test
  void whatIsNoIndex() throws IOException {
    Path index = model.resolve("x.json");
    for (String text :
        new String[] {"{\"weights\": 1}", "{\"weight_map\": {}}", "{\"cut\": [12,"}) {
      Files.writeString(index, text);
      assertThatThrownBy(() -> TensorFiles.open(index))
          .isInstanceOf(TensorFileException.class)
          .hasMessageContaining("x.json is not the index");
    }
  }

  /** The length of this file's header is written with the byte of a brace. */
  @Test
  void safetensorsWhoseLengthLooksLikeJson() throws IOException {
    Path file = folder.resolve("brace.safetensors");
    String header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    byte[] padded =
        (header + " ".repeat('{' - header.length())).getBytes(StandardCharsets.US_ASCII);
    byte[] whole = new byte[8 + padded.length];
    whole[0] = '{';
    System.arraycopy(padded, 0, whole, 8, padded.length);
    Files.write(file, whole);
    try (NamedTensors tensors = TensorFiles.open(file)) {
      assertThat(tensors.names()).containsExactly("x");
    }
  }
}
