package dev.diptych.kernels.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuickLookTest {
  @Test
  void everyLayerIsMeasured() {
    List<QuickLook.Group> groups = List.of(new QuickLook.Group("small", 33, 64));
    StringWriter text = new StringWriter();
    QuickLook.Result result = QuickLook.run(0.01, groups, new PrintWriter(text));
    assertThat(result.matmul()).hasSize(4 * result.peakThreads().length);
    assertThat(result.matmul().getFirst().n()).isEqualTo(192);
    for (QuickLook.Row row : result.matmul()) {
      assertThat(row.median()).as("%s", row).isPositive().isLessThanOrEqualTo(row.best());
      assertThat(row.runs()).isGreaterThanOrEqualTo(3);
      assertThat(row.ofPeak()).as("%s", row).isPositive().isLessThan(3); // a busy machine dents it
    }
    assertThat(text.toString()).contains("of peak in the geometric mean");
  }
}
