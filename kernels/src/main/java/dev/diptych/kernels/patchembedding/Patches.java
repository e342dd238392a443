package dev.diptych.kernels.patchembedding;

import static dev.diptych.kernels.patchembedding.PatchEmbeddingDims.COLOURS;

import dev.diptych.kernels.memory.Floats;

/** Moves the numbers of patches between pictures and rows of a matrix. */
final class Patches {
  private Patches() {}

  /**
   * Copies the numbers {@code k ≤ i < k + count} of a patch.
   *
   * @param patch number of the patch, counted through all pictures
   */
  static void gather(
      PatchEmbeddingDims d, Floats images, int patch, int k, int count, float[] to, int toOffset) {
    int size = d.patch();
    int i = 0;
    while (i < count) {
      int from = images.offset() + pixel(d, patch, k + i);
      int run = Math.min(count - i, size - (k + i) % size);
      for (int end = i + run; i < end; i++, from++) {
        to[toOffset + i] = images.array()[from];
      }
    }
  }

  /** The way back of {@link #gather}. */
  static void scatter(
      PatchEmbeddingDims d,
      float[] from,
      int fromOffset,
      int patch,
      int k,
      int count,
      Floats images) {
    int size = d.patch();
    int i = 0;
    while (i < count) {
      int to = images.offset() + pixel(d, patch, k + i);
      int run = Math.min(count - i, size - (k + i) % size);
      for (int end = i + run; i < end; i++, to++) {
        images.array()[to] = from[fromOffset + i];
      }
    }
  }

  /** Where number k of a patch lies: k counts colours, then rows, then columns. */
  private static int pixel(PatchEmbeddingDims d, int patch, int k) {
    int b = patch / d.patches();
    int g = patch % d.patches();
    int row = k / d.patch(); // of pixels, over all colours
    int y = g / d.grid() * d.patch() + row % d.patch();
    int x = g % d.grid() * d.patch() + k % d.patch();
    return ((b * COLOURS + row / d.patch()) * d.size() + y) * d.size() + x;
  }

  /**
   * Transposes the gradients of {@code count} patches from patch {@code first} on, for the elements
   * {@code from ≤ c < to} of the tokens: row c of {@code transposed} holds element c of each.
   */
  static void transpose(
      PatchEmbeddingDims d,
      Floats dy,
      int first,
      int count,
      int from,
      int to,
      float[] transposed,
      int stride) {
    for (int i = 0; i < count; i++) {
      int patch = first + i;
      int token = patch / d.patches() * d.tokens() + 1 + patch % d.patches();
      int row = dy.offset() + token * d.c();
      for (int c = from; c < to; c++) {
        transposed[c * stride + i] = dy.array()[row + c];
      }
    }
  }
}
