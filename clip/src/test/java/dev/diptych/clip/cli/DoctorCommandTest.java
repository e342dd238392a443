package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.cuda.CudaDevice;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DoctorCommandTest {
  @Test
  void theTextSaysWhatThisMachineIsAndWhatItComputes() {
    Cli.Outcome outcome = Cli.run("doctor", "--no-timings", "--only", "SoftMax").succeeded();
    assertThat(outcome.out())
        .contains("Vector API on, vectors of ", "Java ", "softmax forward", "cuBLAS 12")
        .contains("All that was checked agrees.")
        .doesNotContain("GB/s");
    if (CudaDevice.survey().problem() != null) {
      assertThat(outcome.out()).contains("GPU        none to use. There is ");
    }
  }

  @Test
  void theDocumentIsAllOfTheOutput() {
    Cli.Outcome outcome =
        Cli.run("doctor", "--json", "--only", "attention forward 8×12").succeeded();
    JsonNode json = JsonMapper.shared().readTree(outcome.out());
    assertThat(outcome.err()).isEmpty();
    assertThat(json.get("agrees").asBoolean()).isTrue();
    assertThat(json.get("machine").get("vector_bits").asInt()).isGreaterThanOrEqualTo(128);
    assertThat(json.get("survey").has("problem")).isTrue();
    JsonNode ops = json.get("cpu").get("ops");
    assertThat(ops.size()).isEqualTo(1);
    assertThat(ops.get(0).get("error").asDouble()).isPositive();
    assertThat(ops.get(0).get("speed").get("median_us").asDouble()).isPositive();
    assertThat(ops.get(0).get("speed").get("of_ceiling").asDouble()).isPositive();
  }

  @Test
  void aNameThatNothingHasIsRefused() {
    Cli.run("doctor", "--only", "softmaxx").refused("--only", "\"softmaxx\"");
  }

  @Test
  void anUnknownOptionIsRefused() {
    Cli.run("doctor", "--everything").refused("--everything", "diptych doctor --help");
  }
}
