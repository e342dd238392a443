package dev.diptych.clip.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Tape;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Class weights as the notebook computes them, and as the cache keeps them. */
class ClassWeightsTest {
  private static final List<String> LABELS = List.of("cat", "dog", "old lamp", "cat");
  private static final List<String> TEMPLATES = Templates.named("imagenet-7");

  private final Diptych model = Tiny.model(5);
  @TempDir private Path folder;

  @AfterEach
  void close() {
    model.close();
  }

  private static double[] normalised(double[] vector) {
    double norm = Math.sqrt(Arrays.stream(vector).map(x -> x * x).sum());
    return Arrays.stream(vector).map(x -> x / norm).toArray();
  }

  /**
   * class_embeddings /= norm; class_embedding = class_embeddings.mean(0); class_embedding /= norm.
   */
  @Test
  void normalisedThenAveragedThenNormalised() {
    ClassWeights weights = ClassWeights.embed(model, LABELS, TEMPLATES);
    assertThat(weights.labels()).isEqualTo(LABELS);
    double farthest = 0;
    for (int k = 0; k < LABELS.size(); k++) {
      String label = LABELS.get(k);
      List<String> sentences = TEMPLATES.stream().map(t -> t.replace("{}", label)).toList();
      double[] mean = new double[12];
      double[] careless = new double[12]; // averaged without being normalised first
      try (TensorScope scope = new TensorScope(Device.CPU)) {
        Tensor raw =
            model
                .clip()
                .encodeText(Tape.inference(scope), model.tokenize(sentences).tokens())
                .value(); // (7, D)
        for (int i = 0; i < 7; i++) {
          double[] row = new double[12];
          for (int j = 0; j < 12; j++) {
            row[j] = raw.narrow(0, i, 1).toArray()[j];
            careless[j] += row[j] / 7;
          }
          double[] unit = normalised(row);
          for (int j = 0; j < 12; j++) {
            mean[j] += unit[j] / 7;
          }
        }
      }
      double[] expected = normalised(mean);
      careless = normalised(careless);
      for (int j = 0; j < 12; j++) {
        assertThat((double) weights.row(k)[j]).isCloseTo(expected[j], within(1e-6));
        farthest = Math.max(farthest, Math.abs(expected[j] - careless[j]));
      }
    }
    assertThat(farthest).isGreaterThan(1e-4); // so that the order of the three steps was tested
    assertThat(weights.row(3)).isEqualTo(weights.row(0));
  }

  @Test
  void theSecondTimeTheTextTowerIsNotTouched() {
    ClassWeightCache cache = new ClassWeightCache(folder.resolve("new"), 1);
    long[] embedded = {0};
    ClassWeights first = cache.weights(model, LABELS, TEMPLATES, count -> embedded[0] += count);
    assertThat(embedded[0]).isEqualTo(28);
    model.close(); // after that the towers cannot run
    assertThatThrownBy(() -> ClassWeights.embed(model, LABELS, TEMPLATES))
        .isInstanceOf(IllegalStateException.class);
    ClassWeights second = cache.weights(model, LABELS, TEMPLATES, count -> embedded[0] += count);
    assertThat(embedded[0]).isEqualTo(28);
    same(second, first);
    assertThat(second.prompts()).isEqualTo(first.prompts());
    assertThat(new ZeroShotClassifier(model, LABELS, TEMPLATES, cache).labels()).isEqualTo(LABELS);
  }

  private static void same(ClassWeights found, ClassWeights expected) {
    assertThat(found.labels()).isEqualTo(expected.labels());
    for (int i = 0; i < expected.size(); i++) {
      assertThat(found.row(i)).containsExactly(expected.row(i)); // bit for bit
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Test
  void anotherModelOtherLabelsAndOtherTemplatesAreKeptApart() throws IOException {
    ClassWeightCache cache = new ClassWeightCache(folder, 1);
    cache.weights(model, LABELS, TEMPLATES, count -> {});
    cache.weights(model, LABELS.subList(0, 3), TEMPLATES, count -> {});
    cache.weights(model, LABELS, TEMPLATES.subList(0, 6), count -> {});
    try (Diptych other = Tiny.model(6)) {
      cache.weights(other, LABELS, TEMPLATES, count -> {});
    }
    // The same 14 sentences in the same order, of two labels or of one.
    cache.weights(model, List.of("cat", "dog"), List.of("{}"), count -> {});
    cache.weights(model, List.of("{}"), List.of("cat{}", "dog{}"), count -> {});
    assertThat(files()).hasSize(6);
  }

  @Test
  void contextIsPartOfTheKey() throws IOException {
    ClassWeightCache cache = new ClassWeightCache(folder, 1);
    cache.weights(model, LABELS, TEMPLATES, count -> {});
    try (Diptych shorter = Tiny.model(5).withContextLength(12)) {
      same(
          cache.weights(shorter, LABELS, TEMPLATES, count -> {}),
          ClassWeights.embed(shorter, LABELS, TEMPLATES));
    }
    assertThat(files()).hasSize(2);
  }

  @Test
  void fewPromptsAreNotWorthIt() throws IOException {
    new ClassWeightCache(folder, 29).weights(model, LABELS, TEMPLATES, count -> {});
    new ClassWeightCache(folder).weights(model, LABELS, TEMPLATES, count -> {});
    assertThat(files()).isEmpty();
    new ClassWeightCache(folder, 28).weights(model, LABELS, TEMPLATES, count -> {});
    assertThat(files()).hasSize(1);
  }

  @Test
  void damagedFilesAreMadeAgain() throws IOException {
    ClassWeightCache cache = new ClassWeightCache(folder, 1);
    ClassWeights expected = cache.weights(model, LABELS, TEMPLATES, count -> {});
    Path file = files().getFirst();
    byte[] whole = Files.readAllBytes(file);
    byte[] flipped = whole.clone();
    flipped[whole.length - 3] ^= 4; // a number is another, nothing else is wrong
    for (byte[] damaged :
        List.of(flipped, Arrays.copyOf(whole, whole.length - 1), new byte[0], new byte[100])) {
      Files.write(file, damaged);
      long[] embedded = {0};
      same(cache.weights(model, LABELS, TEMPLATES, count -> embedded[0] += count), expected);
      assertThat(embedded[0]).isEqualTo(28);
      assertThat(Files.readAllBytes(file)).isEqualTo(whole);
    }
    try (Safetensors kept = Safetensors.open(file)) {
      assertThat(kept.floats("class_weights").shape().toString()).isEqualTo("(4, 12)");
    }
  }

  @Test
  void aFolderThatCannotBeWrittenCostsTheTimeOnly() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    same(
        new ClassWeightCache(file.resolve("below"), 1)
            .weights(model, LABELS, TEMPLATES, count -> {}),
        ClassWeights.embed(model, LABELS, TEMPLATES));
  }
}
