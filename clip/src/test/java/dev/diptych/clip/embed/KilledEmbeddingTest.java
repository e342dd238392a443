package dev.diptych.clip.embed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embedding in processes of their own: killed again and again, and several at a time. */
class KilledEmbeddingTest {
  private static final int PICTURES = 120;
  private static final int ROWS = 9;
  private static final int PARTS = 14;

  @TempDir private Path folder;
  private Path pictures;

  /** Embeds {@code arguments[0]} into {@code arguments[1]} as process [2] of [3]. */
  static final class Child {
    private Child() {}

    /** Says a line for every picture, so that the parent knows when to kill it. */
    public static void main(String[] arguments) {
      BulkEmbedder.Outcome outcome =
          embed(
              arguments[0],
              Path.of(arguments[1]),
              Integer.parseInt(arguments[2]),
              Integer.parseInt(arguments[3]),
              () -> System.out.println("."));
      System.out.println(outcome.rows());
    }
  }

  private static BulkEmbedder.Outcome embed(
      String pictures, Path out, int rank, int worldSize, Runnable each) {
    EmbedOptions options = EmbedOptions.DEFAULT;
    options =
        options
            .withFiles(options.format(), options.dtype(), ROWS)
            .withBatchSize(4)
            .withRank(rank, worldSize);
    try (Diptych model = Tiny.model(1)) {
      return new BulkEmbedder(out, model, "m", options)
          .run(
              List.of(pictures),
              amount -> {
                if (amount < 0) {
                  each.run();
                }
              });
    }
  }

  private Process start(Path out, int rank, int worldSize) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Child.class.getName(),
            pictures.toString(),
            out.toString(),
            Integer.toString(rank),
            Integer.toString(worldSize))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @BeforeEach
  void draw() throws IOException {
    pictures = folder.resolve("pictures");
    for (int i = 0; i < PICTURES; i++) {
      Tiny.png(pictures.resolve("p%03d.png".formatted(i)), i);
    }
    Files.writeString(pictures.resolve("p050.png"), "no picture");
  }

  /** All files with their bytes, temporary ones too. */
  private static Map<String, String> contents(Path out) throws IOException {
    Map<String, String> contents = new HashMap<>();
    try (Stream<Path> files = Files.walk(out)) {
      files
          .filter(Files::isRegularFile)
          .forEach(file -> {
            try {
              byte[] bytes = Files.readAllBytes(file);
              contents.put(out.relativize(file).toString(), HexFormat.of().formatHex(bytes));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    return contents;
  }

  private Map<String, String> neverStopped() throws IOException {
    Path whole = folder.resolve("whole");
    assertThat(embed(pictures.toString(), whole, 0, 1, () -> {}).rows()).isEqualTo(PICTURES - 1);
    Map<String, String> contents = contents(whole);
    assertThat(contents).hasSize(1 + 3 * PARTS);
    return contents;
  }

  @Test
  void theNextRunEndsWithTheSameBytesAsOneThatWasNeverStopped() throws Exception {
    Path out = folder.resolve("out");
    for (int pictureBeforeKill : new int[] {20, 35}) {
      Process process = start(out, 0, 1);
      process.getInputStream().readNBytes(2 * pictureBeforeKill); // a dot and a line break each
      process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
    }
    Files.writeString(out.resolve("img_emb/.img_emb_13.npy123.tmp"), "left by a kill at its worst");
    BulkEmbedder.Outcome last = embed(pictures.toString(), out, 0, 1, () -> {});
    assertThat(last.before()).isGreaterThanOrEqualTo(4L * ROWS);
    assertThat(last.before() + last.rows()).isEqualTo(PICTURES - 1);
    assertThat(contents(out)).isEqualTo(neverStopped());
  }

  @Test
  void processesThatShareTheWorkMakeTheWholeTogetherAndNothingTwice() throws Exception {
    Path out = folder.resolve("out");
    List<Process> processes = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      processes.add(start(out, rank, 2));
    }
    long rows = 0;
    for (Process process : processes) {
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(process.waitFor()).isZero();
      rows += Long.parseLong(said.substring(said.lastIndexOf('\n') + 1).strip());
    }
    assertThat(rows).isEqualTo(PICTURES - 1);
    assertThat(contents(out)).isEqualTo(neverStopped());
  }
}
