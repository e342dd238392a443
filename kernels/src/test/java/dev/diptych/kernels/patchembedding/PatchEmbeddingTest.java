package dev.diptych.kernels.patchembedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PatchEmbeddingTest {
  @Test
  void referenceGradientsAreFiniteDifferences() {
    PatchEmbeddingDims d = new PatchEmbeddingDims(2, 4, 2, 3);
    double[] images = Oracle.normal(1, d.imageFloats());
    double[] weight = Oracle.normal(2, 3 * d.depth());
    double[] classToken = Oracle.normal(3, 3);
    double[] positions = Oracle.normal(4, 3 * d.tokens());
    double[] dy = Oracle.normal(5, d.tokenFloats());
    double[] dImages = new double[images.length];
    double[] dWeight = new double[weight.length];
    double[] dClass = new double[3];
    double[] dPositions = new double[positions.length];
    PatchEmbeddingReference.backward(d, images, weight, dy, dImages, dWeight, dClass, dPositions);
    Oracle.assertGradient(
        "images", v -> scalar(d, v, weight, classToken, positions, dy), images, dImages);
    Oracle.assertGradient(
        "weight", v -> scalar(d, images, v, classToken, positions, dy), weight, dWeight);
    Oracle.assertGradient(
        "class", v -> scalar(d, images, weight, v, positions, dy), classToken, dClass);
    Oracle.assertGradient(
        "positions", v -> scalar(d, images, weight, classToken, v, dy), positions, dPositions);
  }

  private static double scalar(
      PatchEmbeddingDims d,
      double[] images,
      double[] weight,
      double[] classToken,
      double[] positions,
      double[] dy) {
    double[] y = new double[d.tokenFloats()];
    PatchEmbeddingReference.forward(d, images, weight, classToken, positions, y);
    return Oracle.dot(y, dy);
  }

  /**
   * Patches of one pixel, odd sizes, C around one and two vectors, more patches than a task and
   * than a sum takes, and patches of more numbers than one slice.
   */
  @ParameterizedTest
  @CsvSource({
    "1,1,1,1",
    "1,2,1,2",
    "2,3,3,3",
    "3,6,2,5",
    "1,9,3,7",
    "2,8,4,8",
    "1,10,5,31",
    "1,8,4,32",
    "1,8,4,33",
    "2,12,3,63",
    "3,48,8,64",
    "2,21,1,17",
    "5,33,3,16",
    "1,40,20,9",
    "1,64,32,70",
    "0,4,2,3"
  })
  void kernelMatchesReference(int b, int size, int patch, int c) {
    PatchEmbeddingDims d = new PatchEmbeddingDims(b, size, patch, c);
    double[] images = Oracle.normal(1, d.imageFloats());
    double[] weight = Oracle.normal(2, c * d.depth());
    double[] classToken = Oracle.normal(3, c);
    double[] positions = Oracle.normal(4, c * d.tokens());
    double[] y = new double[d.tokenFloats()];
    Floats fy = Oracle.unwritten(y.length);
    PatchEmbeddingReference.forward(d, images, weight, classToken, positions, y);
    PatchEmbeddingCpu.forward(
        d,
        Oracle.floats(images),
        Oracle.floats(weight),
        Oracle.floats(classToken),
        Oracle.floats(positions),
        fy);
    Oracle.assertClose("y", y, fy, 1e-5);

    double[] dy = Oracle.normal(5, y.length);
    double[] dImages = new double[images.length];
    double[] dWeight = weight.clone();
    Floats fdImages = Oracle.unwritten(images.length);
    Floats fdWeight = Oracle.floats(weight);
    Floats fdClass = Oracle.floats(classToken);
    Floats fdPositions = Oracle.floats(positions);
    PatchEmbeddingReference.backward(
        d, images, weight, dy, dImages, dWeight, classToken, positions);
    PatchEmbeddingCpu.backward(
        d,
        Oracle.floats(images),
        Oracle.floats(weight),
        Oracle.floats(dy),
        fdImages,
        fdWeight,
        fdClass,
        fdPositions);
    Oracle.assertClose("dImages", dImages, fdImages, 1e-5);
    Oracle.assertClose("dWeight", dWeight, fdWeight, 1e-5);
    Oracle.assertClose("dClass", classToken, fdClass, 1e-5);
    Oracle.assertClose("dPositions", positions, fdPositions, 1e-5);
  }

  @Test
  void aNaNStaysInItsPatch() {
    PatchEmbeddingDims d = new PatchEmbeddingDims(2, 8, 2, 33);
    double[] images = Oracle.normal(1, d.imageFloats());
    images[3 * 64 + 8 + 3] = Double.NaN; // second picture: row 1, column 3, so patch 1
    images[3 * 64 + 63] = Double.POSITIVE_INFINITY; // the last patch
    double[] weight = Oracle.normal(2, 33 * d.depth());
    Floats y = Oracle.unwritten(d.tokenFloats());
    PatchEmbeddingCpu.forward(
        d,
        Oracle.floats(images),
        Oracle.floats(weight),
        Oracle.floats(new double[33]),
        Oracle.floats(new double[33 * 17]),
        y);
    float[] out = y.toArray();
    for (int i = 0; i < out.length; i++) {
      int token = i / 33;
      assertThat(Float.isFinite(out[i]))
          .as("token %d", token)
          .isEqualTo(token != 17 + 2 && token != 17 + 16);
    }
  }

  @Test
  void resultDoesNotDependOnThreads() {
    PatchEmbeddingDims d = new PatchEmbeddingDims(6, 40, 4, 40);
    Floats images = Oracle.floats(Oracle.normal(1, d.imageFloats()));
    Floats weight = Oracle.floats(Oracle.normal(2, 40 * d.depth()));
    Floats classToken = Oracle.floats(Oracle.normal(3, 40));
    Floats positions = Oracle.floats(Oracle.normal(4, 40 * d.tokens()));
    int tokens = d.tokenFloats();
    int pixels = d.imageFloats();
    int weights = 40 * d.depth();
    Oracle.assertSameOnAnyThreads(
        "patch embedding",
        () -> {
          Floats out = Floats.zeros(tokens + pixels + weights + 40 + 40 * d.tokens());
          Floats y = out.slice(0, tokens);
          PatchEmbeddingCpu.forward(d, images, weight, classToken, positions, y);
          PatchEmbeddingCpu.backward(
              d,
              images,
              weight,
              y,
              out.slice(tokens, pixels),
              out.slice(tokens + pixels, weights),
              out.slice(tokens + pixels + weights, 40),
              out.slice(tokens + pixels + weights + 40, 40 * d.tokens()));
          return out.array();
        });
  }
}
