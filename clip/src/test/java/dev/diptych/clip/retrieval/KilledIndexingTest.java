package dev.diptych.clip.retrieval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.JavaProcess;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.data.BadLimit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An indexing process that is killed, again and again, leaves an index that can be gone on with.
 */
class KilledIndexingTest {
  private static final int PICTURES = 120;
  private static final int KILLS = 4;

  @TempDir private Path folder;

  /** Indexes {@code arguments[0]} into {@code arguments[1]}, in a process of its own. */
  static final class Child {
    private Child() {}

    /** Says a line for every picture, so that the parent knows when to kill it. */
    public static void main(String[] arguments) {
      try (Diptych model = Tiny.model(1)) {
        new PictureIndexer(Path.of(arguments[1]), model, "m", "", 4)
            .update(List.of(arguments[0]), false, BadLimit.NONE, count -> System.out.println("."));
      }
    }
  }

  private Process start(Path pictures, Path index) throws IOException {
    return new ProcessBuilder(
            JavaProcess.command(
                Child.class, List.of(), List.of(pictures.toString(), index.toString())))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  @Test
  void theNextRunEndsWithTheWholeIndex() throws Exception {
    Path pictures = folder.resolve("pictures");
    Path index = folder.resolve("idx");
    for (int i = 0; i < PICTURES; i++) {
      Tiny.png(pictures.resolve("p%03d.png".formatted(i)), i);
    }
    for (int kill = 0; kill < KILLS; kill++) {
      Process process = start(pictures, index);
      process.getInputStream().readNBytes(2 * (1 + kill * 30)); // a dot and a line break each
      process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
    }
    try (Diptych model = Tiny.model(1)) {
      PictureIndexer indexer = new PictureIndexer(index, model, "m", "", 4);
      indexer.update(List.of(pictures.toString()), false, BadLimit.NONE, count -> {});
      try (PictureIndex opened = PictureIndex.open(index)) {
        assertThat(opened.size()).isEqualTo(PICTURES);
        float[] query = new Query().plus("a lamp").vector(model);
        assertThat(opened.search(query, PICTURES + 1, PictureIndex.Search.EXACT))
            .extracting(PictureIndex.Hit::picture)
            .doesNotHaveDuplicates()
            .hasSize(PICTURES);
      }
    }
  }
}
