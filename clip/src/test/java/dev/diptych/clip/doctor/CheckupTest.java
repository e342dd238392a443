package dev.diptych.clip.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.doctor.Ceilings;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A machine with a GPU, as the documents would tell of it. */
class CheckupTest {
  private static final Ceilings CPU = new Ceilings(20, 200, 0);

  private static Checkup checkup(boolean cpuAgrees, String... failures) {
    Checkup.CpuOp op =
        new Checkup.CpuOp(
            "softmax", cpuAgrees, cpuAgrees ? 1e-7 : null, 1e-6, KernelRow.of(Found.add(200), CPU));
    Checkup.GpuResult gpu =
        new Checkup.GpuResult(
            10,
            10 - failures.length,
            List.of(failures),
            Found.CEILINGS,
            List.of(KernelRow.of(Found.matmul(20), Found.CEILINGS)),
            List.of("huge"));
    return Checkup.of(Found.MACHINE, Found.SURVEY, new Checkup.Cpu(CPU, List.of(op)), gpu);
  }

  @Test
  void aSoundMachineAgrees() {
    Checkup sound = checkup(true);
    assertThat(sound.agrees()).isTrue();
    assertThat(CheckupText.of(sound).lines())
        .anyMatch(line -> line.matches("CPU +a CPU"))
        .anyMatch(line -> line.contains("16 processors, 8 threads"))
        .anyMatch(line -> line.contains("vectors of 512 bits, fma"))
        .anyMatch(
            line -> line.matches("GPU +Imaginary & Co, compute capability 9.0, 132 .* 80.0 GiB.*"))
        .anyMatch(line -> line.matches("Driver +580.1.2, CUDA 13.0"))
        .anyMatch(line -> line.matches("softmax +1.0e-07 +1e-06 +200.0 +10.0 GB/s +50 % memory"))
        .anyMatch(line -> line.matches("matmul 1×2×3 bf16 +20.0 +50.0 TFLOP/s +50 % compute"))
        .anyMatch(line -> line.startsWith("huge: not timed"))
        .anyMatch(line -> line.equals("10 cases of 10 agree with the reference"))
        .last()
        .isEqualTo("All that was checked agrees.");
  }

  @Test
  void aCaseThatFailsIsShown() {
    Checkup sick = checkup(true, "gelu 3 f32: element 1 is NaN");
    assertThat(sick.agrees()).isFalse();
    assertThat(CheckupText.of(sick))
        .contains("FAILED gelu 3 f32: element 1 is NaN", "9 cases of 10 agree")
        .endsWith("Something does not agree.\n");
  }

  @Test
  void anOpOfTheCpuThatFailsIsShown() {
    Checkup sick = checkup(false);
    assertThat(sick.agrees()).isFalse();
    assertThat(CheckupText.of(sick)).containsPattern("softmax +NaN .* DOES NOT AGREE");
    JsonNode json = DoctorJson.MAPPER.readTree(DoctorJson.text(sick));
    assertThat(json.get("cpu").get("ops").get(0).get("error").isNull()).isTrue();
    assertThat(json.get("gpu").get("agreeing").asInt()).isEqualTo(10);
  }
}
