package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diptych.kernels.cuda.CudaDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchCommandTest {
  @Test
  void theCpusLayersAreTimedAndWritten(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("result.json");
    Cli.Outcome outcome = Cli.run("bench", "--seconds", "0.001", "--json", file).succeeded();
    assertThat(outcome.out()).contains("of peak in the geometric mean", "Written to " + file);
    JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
    assertThat(json.get("machine").get("processors").asInt()).isPositive();
    assertThat(json.get("peakGflops").get(0).asDouble()).isPositive();
    assertThat(json.get("matmul").get(0).get("n").asInt()).isEqualTo(2304);
  }

  @Test
  void noTimeIsRefused() {
    Cli.run("bench", "--seconds", "0").refused("--seconds", "above 0");
    Cli.run("bench", "--seconds", "soon").refused("--seconds", "soon");
  }

  @Test
  void withoutAGpuThereIsOneSentence() {
    assumeTrue(CudaDevice.survey().problem() != null, "this machine has a GPU");
    Cli.Outcome outcome = Cli.run("bench", "gpu").refused("bench gpu needs a GPU. There is ");
    assertThat(outcome.err()).as("there is no other way").doesNotContain("the CPU");
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err().lines()).hasSize(1);
  }

  @Test
  void wrongOptionsOfTheGpusBenchmarkAreRefused() {
    Cli.run("bench", "gpu", "--rounds", "0").refused("--rounds", "at least 1");
    Cli.run("bench", "gpu", "--only", "matmull").refused("--only", "\"matmull\"");
  }
}
