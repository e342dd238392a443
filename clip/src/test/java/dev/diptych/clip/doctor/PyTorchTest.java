package dev.diptych.clip.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The other side of the pipe is played by scripts. */
@DisabledOnOs(OS.WINDOWS)
class PyTorchTest {
  private static final String HELLO =
      "echo '{\"torch\": \"2.0\", \"gpu\": \"x\", \"f32_gigaflops\": 1, \"bf16_gigaflops\": 2}'\n";

  @TempDir Path folder;

  private String python(String script) throws IOException {
    Path file = Files.writeString(folder.resolve("python"), "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    return file.toString();
  }

  @Test
  void everyRoundIsAnswered() throws IOException {
    String script =
        HELLO
            + "test -s \"$1\" || exit 1\n" // the program that it is given
            + "while read -r names; do\n"
            + "  echo \"$names\" >>'"
            + folder.resolve("asked")
            + "'\n"
            + "  echo '{\"add\": {\"eager\": 1.5, \"compiled\": 1}}'\n"
            + "done\n";
    try (PyTorch torch = new PyTorch(python(script))) {
      assertThat(torch.start()).isEqualTo(new PyTorch.Start("2.0", "x", 1, 2));
      for (int round = 0; round < 2; round++) {
        assertThat(torch.round(List.of("add", "a×b")))
            .isEqualTo(Map.of("add", Map.of("eager", 1.5, "compiled", 1.0)));
      }
    }
    assertThat(Files.readAllLines(folder.resolve("asked")))
        .containsExactly("[\"add\",\"a×b\"]", "[\"add\",\"a×b\"]");
  }

  @Test
  void aPythonWithoutPyTorchIsNamed() throws IOException {
    String python = python("echo \"ModuleNotFoundError: No module named 'torch'\" >&2\nexit 1\n");
    assertThatThrownBy(() -> new PyTorch(python))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(python)
        .hasMessageContaining("No module named 'torch'");
  }

  @Test
  void noPythonAtAllIsNamed() {
    assertThatThrownBy(() -> new PyTorch("no-such-python"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("\"no-such-python\" does not start");
  }

  @Test
  void aProcessThatEndsInTheMiddleIsNamed() throws IOException {
    try (PyTorch torch = new PyTorch(python(HELLO + "read -r names\necho 'out of memory' >&2\n"))) {
      assertThatThrownBy(() -> torch.round(List.of("add")))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("out of memory");
    }
  }

  @Test
  void whatIsNoAnswerIsRefused() throws IOException {
    String python = python("echo hello\n");
    assertThatThrownBy(() -> new PyTorch(python))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("wrote what is no answer");
  }
}
