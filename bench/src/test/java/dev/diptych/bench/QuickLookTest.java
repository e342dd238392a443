package dev.diptych.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class QuickLookTest {
  @Test
  void everyLayerIsMeasuredAndWritten(@TempDir Path folder) throws IOException {
    List<QuickLook.Group> groups = List.of(new QuickLook.Group("small", 33, 64));
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
    QuickLook.Result result = QuickLook.run(0.01, groups, out);
    assertThat(result.matmul()).hasSize(4 * result.peakThreads().length);
    for (QuickLook.Row row : result.matmul()) {
      assertThat(row.median()).as("%s", row).isPositive().isLessThanOrEqualTo(row.best());
      assertThat(row.runs()).isGreaterThanOrEqualTo(3);
      assertThat(row.ofPeak()).as("%s", row).isPositive().isLessThan(3); // a busy machine dents it
    }
    assertThat(text.toString(StandardCharsets.UTF_8)).contains("of peak in the geometric mean");

    Path file = folder.resolve("result.json");
    QuickLook.write(result, file);
    JsonNode json = JsonMapper.builder().build().readTree(Files.readString(file));
    assertThat(json.get("machine").get("processors").asInt()).isPositive();
    assertThat(json.get("peakGflops").get(0).asDouble()).isPositive();
    assertThat(json.get("matmul").get(0).get("n").asInt()).isEqualTo(192);
  }
}
