package dev.diptych.clip.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.DataSource;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.embed.PictureEmbedder.Embedded;
import dev.diptych.clip.embed.PictureEmbedder.Output;
import dev.diptych.clip.image.PictureDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PictureEmbedderTest {
  private final Diptych model = Tiny.model(3);
  @TempDir private Path folder;

  @BeforeEach
  void draw() {
    for (int i = 0; i < 11; i++) {
      Tiny.png(folder.resolve("p%02d.png".formatted(i)), i);
    }
  }

  @AfterEach
  void close() {
    model.close();
  }

  private List<Embedded> embed(IndexedSource source, Output output, int batchSize) {
    List<Embedded> all = new ArrayList<>();
    try (PictureEmbedder embedder = new PictureEmbedder(model, output, batchSize)) {
      embedder.embed(source.examples(), source.bad(), all::add);
    }
    return all;
  }

  private IndexedSource source() {
    return DataSource.openPictures(folder.toString(), BadLimit.DEFAULT);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 11, 64})
  void embedsAsOneByOneInAnyBatchSize(int batchSize) {
    List<Embedded> all = embed(source(), Output.EMBEDDING, batchSize);
    assertThat(all).hasSize(11);
    for (int i = 0; i < 11; i++) {
      Path file = folder.resolve("p%02d.png".formatted(i));
      assertThat(all.get(i).example().key()).isEqualTo(file.getFileName().toString());
      assertThat(all.get(i).vector())
          .containsExactly(model.embedPictures(List.of(PictureDecoder.read(file)))[0]);
    }
  }

  @Test
  void featuresAreWhatTheProjectionIsAppliedTo() {
    List<Embedded> features = embed(source(), Output.FEATURES, 4);
    assertThat(features).allMatch(one -> one.vector().length == 24);
    float[] projection =
        Objects.requireNonNull(model.clip().parameters().find("vision.projection"))
            .value()
            .toArray(); // (24, 12)
    float[] expected = embed(source(), Output.EMBEDDING, 4).get(5).vector();
    double[] projected = new double[12];
    double squares = 0;
    for (int j = 0; j < 12; j++) {
      for (int i = 0; i < 24; i++) {
        projected[j] += (double) features.get(5).vector()[i] * projection[12 * i + j];
      }
      squares += projected[j] * projected[j];
    }
    for (int j = 0; j < 12; j++) {
      assertThat(projected[j] / Math.sqrt(squares))
          .isCloseTo(expected[j], org.assertj.core.api.Assertions.within(1e-6));
    }
  }

  @Test
  void skipsAndCountsWhatIsNoPicture() throws IOException {
    Files.writeString(folder.resolve("p04.png"), "not a picture");
    Files.delete(folder.resolve("p05.png"));
    Files.createFile(folder.resolve("p06.png.tmp"));
    IndexedSource source = source();
    Files.delete(folder.resolve("p07.png")); // gone after it was found
    List<Embedded> all = embed(source, Output.EMBEDDING, 2);
    assertThat(all)
        .extracting(one -> one.example().key().substring(0, 3))
        .containsExactly("p00", "p01", "p02", "p03", "p06", "p08", "p09", "p10");
    assertThat(source.bad().count(BadReason.CORRUPT_PICTURE)).isEqualTo(2);
  }

  @Test
  void whatTheSinkThrowsEndsTheWork() {
    try (PictureEmbedder embedder = new PictureEmbedder(model, Output.EMBEDDING, 2)) {
      IndexedSource source = source();
      assertThatThrownBy(() ->
              embedder.embed(
                  source.examples(),
                  source.bad(),
                  one -> {
                    throw new IllegalStateException("full");
                  }))
          .hasMessage("full");
    }
  }
}
