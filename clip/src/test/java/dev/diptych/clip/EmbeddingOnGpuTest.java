package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.image.Picture;
import dev.diptych.kernels.cuda.PooledGpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model that was moved to a GPU, which the interpreter stands for, against itself before. */
class EmbeddingOnGpuTest {
  private static final List<Picture> PICTURES =
      List.of(Tiny.picture(20, 18, 1), Tiny.picture(64, 64, 2), Tiny.picture(7, 90, 3));
  private static final List<String> TEXTS =
      List.of("a cat", "", "a photo of two red dogs beside a lamp");

  /** Elements of embeddings of length 1; in bf16 every operand is rounded by up to 1/256. */
  @ParameterizedTest
  @CsvSource({"false, F32, 1e-5", "false, BF16, 0.01", "true, F32, 1e-5", "true, BF16, 0.01"})
  void embeddingsAreThoseOfTheCpu(boolean resNet, Precision precision, float tolerance) {
    PooledGpu gpu = new PooledGpu(new PtxGpu());
    try (TensorScope weights = new TensorScope(new Device.Cuda(gpu, precision));
        Diptych model = resNet ? Tiny.resNet(3) : Tiny.model(3)) {
      float[][] pictures = model.embedPictures(PICTURES);
      float[][] texts = model.embedTexts(TEXTS);
      String fingerprint = model.clip().fingerprint();
      double scale = model.similarityScale();
      model.moveTo(weights);
      assertThat(model.clip().device()).isEqualTo(weights.device());
      long launches = gpu.calls();
      assertClose(pictures, model.embedPictures(PICTURES), tolerance);
      assertClose(texts, model.embedTexts(TEXTS), tolerance);
      assertThat(gpu.calls()).as("launches").isGreaterThan(launches + 20);
      assertThat(model.clip().fingerprint()).isEqualTo(fingerprint);
      assertThat(model.similarityScale()).isEqualTo(scale);

      long allocations = gpu.allocations();
      assertThat(model.embedPictures(PICTURES)).hasDimensions(3, 12);
      assertThat(gpu.allocations())
          .as("the memory of a batch serves the next")
          .isEqualTo(allocations);
    }
    gpu.freeUnused();
    assertThat(gpu.allocatedBytes()).as("bytes that were not given back").isZero();
  }

  private static void assertClose(float[][] expected, float[][] found, float tolerance) {
    assertThat(found).hasDimensions(expected.length, expected[0].length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).containsExactly(expected[i], within(tolerance));
    }
  }
}
