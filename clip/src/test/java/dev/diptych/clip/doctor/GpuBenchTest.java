package dev.diptych.clip.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class GpuBenchTest {
  @Test
  void roundsAreJoinedByTheirMedians() {
    GpuBench.Row add = Found.bench().kernels().getFirst();
    assertThat(add.ours().medianUs()).isEqualTo(4); // of 9, 4, 3
    assertThat(add.ours().leastUs()).isEqualTo(2);
    assertThat(add.ours().bound()).isEqualTo("memory");
    assertThat(add.ours().ofCeiling()).isEqualTo(0.5);
    assertThat(add.torch()).isEqualTo(Map.of("eager", 7.0, "compiled", 6.0));
    assertThat(add.best()).isEqualTo("compiled");
    assertThat(Objects.requireNonNull(add.ratio())).isCloseTo(1.5, within(1e-9));

    GpuBench.Row matmul = Found.bench().kernels().getLast();
    assertThat(matmul.ours().bound()).isEqualTo("compute");
    assertThat(matmul.ours().ofCeiling()).isEqualTo(0.5);
    assertThat(matmul.ratio()).isNull();
  }

  @Test
  void theTableSaysWhatWasReachedAndWhoIsFaster() {
    assertThat(GpuBenchText.table(Found.bench()).lines())
        .anyMatch(line -> line.contains("Imaginary & Co, driver 580.1.2; median of 3 rounds"))
        .anyMatch(
            line -> line.contains("1000 GB/s") && line.contains("10.0 TFLOP/s in f32, 100 in"))
        .anyMatch(line ->
            line.matches(
                "elementwise add f32 +4\\.0 +500 GB/s +50 % memory +6\\.0 +1\\.50 +compiled"))
        .anyMatch(line -> line.matches("matmul 1×2×3 bf16 +20\\.0 +50\\.0 TFLOP/s +50 % compute"))
        .anyMatch(line -> line.startsWith("too large: not timed"))
        .anyMatch(line -> line.contains("1.50 in the geometric mean of 1 kernels"));
  }

  @Test
  void thePictureHasABarForWhatCanBeCompared() {
    String svg = GpuBenchText.chart(Found.bench());
    assertThat(svg).contains("elementwise add f32", ">1.50<", "PyTorch 2.0", "Imaginary &amp; Co");
    assertThat(svg).doesNotContain("matmul");
  }

  @Test
  void withoutPyTorchThePictureShowsWhatIsReached() {
    GpuBench compared = Found.bench();
    GpuBench alone =
        new GpuBench(
            compared.when(),
            compared.machine(),
            compared.survey(),
            3,
            null,
            compared.ceilings(),
            GpuBench.rows(
                List.of(List.of(Found.add(4), Found.matmul(40))), List.of(), Found.CEILINGS),
            List.of());
    assertThat(GpuBenchText.chart(alone)).contains(">0.50<", ">0.25<", "Share of what");
    assertThat(GpuBenchText.table(alone))
        .contains("the faster of our and cuBLAS's products at 10.0 TFLOP/s in f32")
        .doesNotContain("PyTorch");
  }

  @Test
  void theDocumentNamesThingsInOneWay() {
    JsonNode json = DoctorJson.MAPPER.readTree(DoctorJson.text(Found.bench()));
    JsonNode add = json.get("kernels").get(0);
    assertThat(add.get("ours").get("median_us").asDouble()).isEqualTo(4);
    assertThat(add.get("ours").get("of_ceiling").asDouble()).isEqualTo(0.5);
    assertThat(add.get("torch").get("eager").asDouble()).isEqualTo(7);
    assertThat(json.get("ceilings").get("gigabytes_per_second").asDouble()).isEqualTo(1000);
    assertThat(json.get("survey").get("gpus").get(0).get("memory_bytes").asLong())
        .isEqualTo(80L << 30);
  }
}
