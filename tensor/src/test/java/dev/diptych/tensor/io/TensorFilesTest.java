package dev.diptych.tensor.io;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of files that hold no tensors, whatever they are called. */
class TensorFilesTest {
  @TempDir Path folder;

  private void refused(String content, String... words) throws IOException {
    Path file = folder.resolve("model.pt");
    Files.write(file, content.getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> TensorFiles.open(file))
        .isInstanceOf(TensorFileException.class)
        .hasMessageStartingWith(file + " is ")
        .hasMessageContainingAll(words);
  }

  @Test
  void whatItIsInsteadIsNamed() throws IOException {
    refused("", "empty", "fetch it again");
    refused("version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS", "git lfs pull");
    refused("<!DOCTYPE html><html>", "a web page");
    refused("this is text", "neither", "bytes 74 68 69 73 20 69 73 20", "torch.save");
    refused("abc", "neither", "bytes 61 62 63.");
    refused("\u0080\u0004K*.", "a pickle that torch.save did not write", "not read");
  }

  /** What may be the length of a header is one: then the reader of safetensors says more. */
  @Test
  void damagedSafetensorsAreCalledThat() throws IOException {
    refused("\u00ff\0\0\0\0\0\0\0{", "not a usable safetensors file", "header length");
  }
}
