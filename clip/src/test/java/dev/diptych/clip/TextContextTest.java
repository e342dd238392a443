package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Buffer;
import dev.diptych.autograd.Tape;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.random.Philox;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextContextTest {
  private static final int END = 999;
  private static final int CONTEXT = 77;

  /** A text tower of published width, and next to no image tower. */
  private static Clip clip(int context, int width, int heads) {
    return Clip.create(
        new ClipConfig(
            64,
            new VitConfig(8, 8, 8, 0, 1),
            new TextConfig(context, END + 1, width, 2, heads, END),
            Activation.QUICK_GELU),
        7);
  }

  /** {@code lengths.length} texts of random tokens, an end token, and zeros up to {@code width}. */
  private static IntTensor texts(int width, int... lengths) {
    int[] tokens = new int[lengths.length * width];
    for (int i = 0; i < lengths.length; i++) {
      Philox random = new Philox(3, i);
      for (int t = 0; t < lengths[i] - 1; t++) {
        tokens[i * width + t] = 1 + random.nextInt(END - 1);
      }
      tokens[i * width + lengths[i] - 1] = END;
    }
    return new IntTensor(Shape.of(lengths.length, width), tokens);
  }

  private static float[] embed(Clip clip, IntTensor tokens) {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      return clip.encodeText(Tape.inference(scope), tokens).value().toArray();
    }
  }

  /** No token hears what comes after it, so padding changes no bit of what is before. */
  @ParameterizedTest
  @CsvSource({"64, 1", "96, 3", "512, 8"})
  void aShortTextIsTheSameAtAnyLength(int width, int heads) {
    Clip clip = clip(CONTEXT, width, heads);
    int[] lengths = {2, 7, 11, 5, 3};
    float[] whole = embed(clip, texts(CONTEXT, lengths));
    for (int length : new int[] {11, 12, 13, 16, 17, 24, 33, 64, 76}) {
      assertThat(embed(clip, texts(length, lengths))).as("at %d", length).isEqualTo(whole);
    }
    float[] alone = embed(clip, texts(2, 2));
    assertThat(alone).isEqualTo(Arrays.copyOf(whole, 64));
  }

  /** The embedder computes batches at their own length, and the figures do not show it. */
  @Test
  void aResNetKeepsItsRunningStatistics() {
    try (Diptych model = Tiny.resNet(4)) {
      List<Buffer> buffers = model.clip().parameters().buffers();
      for (int k = 0; k < buffers.size(); k++) {
        buffers.get(k).value().floats().fill(k + 1);
      }
      Clip resized = TextContext.resize(model.clip(), 8);
      assertThat(resized.parameters().buffers()).hasSameSizeAs(buffers).isNotEmpty();
      for (int k = 0; k < buffers.size(); k++) {
        assertThat(resized.parameters().buffers().get(k).value().toArray()).containsOnly(k + 1);
      }
    }
  }

  @Test
  void theEmbedderCutsBatchesWithoutATrace() {
    Clip clip = clip(CONTEXT, 64, 2);
    int[] lengths = {2, 77, 8, 9, 30, 3, 2, 16, 17, 4, 5};
    IntTensor tokens = texts(CONTEXT, lengths);
    float[] whole;
    try (Embedder embedder = new Embedder(clip, lengths.length)) { // with one of full length
      whole = embedder.texts(tokens).toArray();
    }
    for (int batch : new int[] {1, 2, 3, 8}) {
      try (Embedder embedder = new Embedder(clip, batch)) {
        assertThat(embedder.texts(tokens).toArray()).as("by %d", batch).isEqualTo(whole);
      }
    }
  }

  @Test
  void aTextWithoutEndTokenIsPooledWhereItWas() {
    Clip clip = clip(CONTEXT, 64, 2);
    IntTensor tokens = texts(CONTEXT, 9);
    tokens.data()[8] = 0;
    float[] whole = embed(clip, tokens);
    try (Embedder embedder = new Embedder(clip, 4)) {
      float[] unit = embedder.texts(tokens).toArray();
      double norm = 0;
      for (float value : whole) {
        norm += value * value;
      }
      assertThat(unit[5]).isCloseTo((float) (whole[5] / Math.sqrt(norm)), within(1e-6f));
    }
  }

  @Test
  void aSlicedModelEmbedsWhatFitsAsBefore() {
    Clip clip = clip(CONTEXT, 64, 2);
    Clip sliced = TextContext.slice(clip, 16);
    assertThat(sliced.config().text().contextLength()).isEqualTo(16);
    assertThat(embed(sliced, texts(16, 4, 16))).isEqualTo(embed(clip, texts(CONTEXT, 4, 16)));
    assertThatThrownBy(() -> embed(sliced, texts(17, 4)))
        .isInstanceOf(UserException.class)
        .hasMessage("tokens must be (B, T) with T of at most 16, the model's context, got (1, 17)");
    assertThatThrownBy(() -> TextContext.slice(clip, 78))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("78");
    assertThatThrownBy(() -> TextContext.slice(clip, 1)).isInstanceOf(UserException.class);
  }

  private static float[] row(Clip clip, int row) {
    float[] all =
        Objects.requireNonNull(clip.parameters().find("text.positions")).value().toArray();
    int width = clip.config().text().width();
    return Arrays.copyOfRange(all, row * width, (row + 1) * width);
  }

  private static float[] mix(float[] a, double weightA, float[] b, double weightB) {
    float[] sum = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = (float) (weightA * a[i] + weightB * b[i]);
    }
    return sum;
  }

  /**
   * Long-CLIP's table: 20 kept, three quarters between each two of the others, a line at the end.
   */
  @Test
  void stretchesAsLongClipDoes() {
    Clip clip = clip(CONTEXT, 64, 2);
    Clip stretched = TextContext.stretch(clip, 20, 4);
    assertThat(stretched.config().text().contextLength()).isEqualTo(248);
    for (int i = 0; i < 20; i++) {
      assertThat(row(stretched, i)).isEqualTo(row(clip, i));
    }
    for (int i = 0; i < 57; i++) {
      for (int j = 0; j < 4; j++) {
        float[] expected =
            i < 56
                ? mix(row(clip, 20 + i), 1 - j / 4.0, row(clip, 21 + i), j / 4.0)
                : mix(row(clip, 76), 1 + j / 4.0, row(clip, 75), -j / 4.0);
        assertThat(row(stretched, 20 + 4 * i + j))
            .as("position %d", 20 + 4 * i + j)
            .containsExactly(expected, within(1e-7f));
      }
    }
    // Texts of at most 20 tokens stand where they stood.
    assertThat(embed(stretched, texts(248, 20, 3))).isEqualTo(embed(clip, texts(77, 20, 3)));
    assertThat(embed(stretched, texts(248, 40))).isNotEqualTo(embed(clip, texts(77, 40)));
    assertThat(embed(stretched, texts(248, 248))).hasSize(64);
  }

  @Test
  void resizesToAnyLength() {
    Clip clip = clip(CONTEXT, 64, 2);
    for (int length : new int[] {2, 32, 77, 78, 134, 135, 248, 500}) {
      assertThat(TextContext.resize(clip, length).config().text().contextLength())
          .isEqualTo(length);
    }
    assertThat(row(TextContext.resize(clip, 248), 101))
        .isEqualTo(row(TextContext.stretch(clip, 20, 4), 101));
    assertThat(row(TextContext.resize(clip, 100), 99))
        .isEqualTo(row(TextContext.stretch(clip, 20, 2), 99));
    assertThatThrownBy(() -> TextContext.resize(clip(21, 64, 2), 40))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("21 tokens cannot keep 20");
  }

  /** Ten thousand texts that are too long make two lines in the log, and exact counts. */
  @Test
  void cutTextsAreCountedAndSaidOnce() {
    List<LogRecord> records = new java.util.ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            records.add(entry);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(Diptych.class.getName());
    logger.addHandler(handler);
    try (Diptych model = Tiny.model(1)) {
      String longText = "a photo of a cat ".repeat(30).strip();
      TokenizedTexts texts = model.tokenize(List.of("a cat", longText, "a lamp"));
      assertThat(texts.lost()[0]).isZero();
      assertThat(texts.lost()[1]).isGreaterThan(50);
      assertThat(texts.lost()[2]).isZero();
      assertThat(model.embedTexts(texts))
          .isDeepEqualTo(model.embedTexts(List.of("a cat", longText, "a lamp")));
      for (int i = 0; i < 100; i++) {
        model.tokenize(java.util.Collections.nCopies(100, longText));
      }
      assertThat(model.cutTexts().texts()).isEqualTo(10_006);
      assertThat(model.cutTexts().cut()).isEqualTo(10_002);
      assertThat(model.cutTexts().tokens()).isEqualTo(10_002L * texts.lost()[1]);
      assertThat(records).hasSize(1);
    } finally {
      logger.removeHandler(handler);
    }
    assertThat(records).hasSize(2);
    assertThat(records.get(1).getMessage()).contains("{0} than the {1} tokens");
    assertThat(String.valueOf(records.get(1).getParameters()[0]))
        .startsWith("10,002 of 10,006 texts lost ");
  }

  @Test
  void aModelTakesAnotherContext() {
    Diptych model = Tiny.model(2); // a context of 20
    float[][] before = model.embedTexts(List.of("a cat"));
    try (Diptych shorter = model.withContextLength(12)) {
      assertThat(shorter.embedTexts(List.of("a cat"))).isDeepEqualTo(before);
      assertThat(shorter.clip().config().text().contextLength()).isEqualTo(12);
    }
  }
}
