package dev.diptych.clip.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private long nanos;

  private ProgressLine line(boolean terminal, long total) {
    return new ProgressLine(
        new PrintStream(printed, true, StandardCharsets.UTF_8),
        terminal,
        "w.bin",
        total,
        ProgressLine::byteCount,
        rate -> ProgressLine.byteCount((long) rate),
        () -> nanos);
  }

  private String text() {
    return printed.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aLogGetsALineNowAndThenAndOneAtTheEnd() {
    try (ProgressLine line = line(false, 4_000_000)) {
      for (int second = 1; second <= 20; second++) {
        nanos = second * 1_000_000_000L;
        line.add(100_000);
      }
    }
    assertThat(text().lines())
        .containsExactly(
            "w.bin   25 %  1.0 MB of 4.0 MB  100.0 kB/s  eta 0:30",
            "w.bin   50 %  2.0 MB of 4.0 MB  100.0 kB/s  eta 0:20",
            "w.bin   50 %  2.0 MB of 4.0 MB  100.0 kB/s  in 0:20");
  }

  @Test
  void aTerminalHasOneLineThatIsRewritten() {
    try (ProgressLine line = line(true, 1000)) {
      nanos = 1_000_000_000L;
      line.add(500);
      line.add(1); // too soon to show
      nanos = 2_000_000_000L;
      line.say("a warning");
      line.add(499);
    }
    assertThat(text().split("\r"))
        .containsExactly(
            "",
            "\u001b[Kw.bin  [==========          ]  50 %  500 B of 1.0 kB  500 B/s  eta 0:01",
            "\u001b[Ka warning" + System.lineSeparator(),
            "\u001b[Kw.bin  [====================] 100 %  1.0 kB of 1.0 kB  500 B/s  eta 0:00",
            "\u001b[Kw.bin  [====================] 100 %  1.0 kB of 1.0 kB  500 B/s  in 0:02"
                + System.lineSeparator());
  }

  @Test
  void whatWasThereBeforeDoesNotMakeItLookFaster() {
    try (ProgressLine line = line(false, 1000)) {
      line.startAt(900);
      nanos = 10_000_000_000L;
      line.add(50);
    }
    assertThat(text()).contains("95 %  950 B of 1.0 kB  5 B/s  eta 0:10");
  }

  @Test
  void anUnknownTotalHasNeitherShareNorEnd() {
    try (ProgressLine line = line(false, -1)) {
      nanos = 10_000_000_000L;
      line.add(50);
    }
    assertThat(text().lines()).containsExactly("w.bin  50 B  5 B/s", "w.bin  50 B  5 B/s  in 0:10");
  }

  @Test
  void slowWorkHasTenths() {
    assertThat(ProgressLine.rate(0.64)).isEqualTo("0.6");
    assertThat(ProgressLine.rate(9.94)).isEqualTo("9.9");
    assertThat(ProgressLine.rate(9.96)).isEqualTo("10");
    assertThat(ProgressLine.rate(1234.5)).isEqualTo("1,235");
  }

  @Test
  void unitsAreThoseOfFileLists() {
    assertThat(ProgressLine.byteCount(999)).isEqualTo("999 B");
    assertThat(ProgressLine.byteCount(1000)).isEqualTo("1.0 kB");
    assertThat(ProgressLine.byteCount(999_960)).isEqualTo("1.0 MB");
    assertThat(ProgressLine.byteCount(605_247_071)).isEqualTo("605.2 MB");
    assertThat(ProgressLine.byteCount(Long.MAX_VALUE)).isEqualTo("9.2 EB");
    assertThat(ProgressLine.duration(3_665)).isEqualTo("1:01:05");
  }
}
