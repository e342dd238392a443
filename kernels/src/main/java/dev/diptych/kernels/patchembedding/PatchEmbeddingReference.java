package dev.diptych.kernels.patchembedding;

import static dev.diptych.kernels.patchembedding.PatchEmbeddingDims.COLOURS;

/** The patch embedding in plain loops of double. Oracle of {@link PatchEmbeddingCpu}. */
public final class PatchEmbeddingReference {
  private PatchEmbeddingReference() {}

  /**
   * Class token and projected patches plus positions.
   *
   * @param images (B, 3, S, S)
   * @param weight (C, 3, P, P)
   * @param classToken (C)
   * @param positions (1+G², C)
   * @param y (B, 1+G², C), written
   */
  public static void forward(
      PatchEmbeddingDims d,
      double[] images,
      double[] weight,
      double[] classToken,
      double[] positions,
      double[] y) {
    for (int b = 0; b < d.b(); b++) {
      for (int c = 0; c < d.c(); c++) {
        y[b * d.tokens() * d.c() + c] = classToken[c] + positions[c];
        for (int g = 0; g < d.patches(); g++) {
          double sum = positions[(1 + g) * d.c() + c];
          for (int k = 0; k < d.depth(); k++) {
            sum += weight[c * d.depth() + k] * images[pixel(d, b, g, k)];
          }
          y[(b * d.tokens() + 1 + g) * d.c() + c] = sum;
        }
      }
    }
  }

  /** dWeight, dClassToken and dPositions are added to, dImages is written. */
  public static void backward(
      PatchEmbeddingDims d,
      double[] images,
      double[] weight,
      double[] dy,
      double[] dImages,
      double[] dWeight,
      double[] dClassToken,
      double[] dPositions) {
    java.util.Arrays.fill(dImages, 0);
    for (int b = 0; b < d.b(); b++) {
      for (int c = 0; c < d.c(); c++) {
        double dyClass = dy[b * d.tokens() * d.c() + c];
        dClassToken[c] += dyClass;
        dPositions[c] += dyClass;
        for (int g = 0; g < d.patches(); g++) {
          double gradient = dy[(b * d.tokens() + 1 + g) * d.c() + c];
          dPositions[(1 + g) * d.c() + c] += gradient;
          for (int k = 0; k < d.depth(); k++) {
            dWeight[c * d.depth() + k] += gradient * images[pixel(d, b, g, k)];
            dImages[pixel(d, b, g, k)] += gradient * weight[c * d.depth() + k];
          }
        }
      }
    }
  }

  /** Where number k of patch g of picture b lies: k counts colours, then rows, then columns. */
  private static int pixel(PatchEmbeddingDims d, int b, int g, int k) {
    int area = d.patch() * d.patch();
    int y = g / d.grid() * d.patch() + k % area / d.patch();
    int x = g % d.grid() * d.patch() + k % d.patch();
    return ((b * COLOURS + k / area) * d.size() + y) * d.size() + x;
  }
}
