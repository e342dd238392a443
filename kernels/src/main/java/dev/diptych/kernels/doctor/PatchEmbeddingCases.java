package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.patchembedding.PatchEmbeddingCuda;
import dev.diptych.kernels.patchembedding.PatchEmbeddingDims;
import dev.diptych.kernels.patchembedding.PatchEmbeddingReference;

/** Cases and timings of the patch embedding. */
final class PatchEmbeddingCases {
  /**
   * B, S, P, C: patches of one pixel, of odd sizes, of packs; rows that fill 16 bytes or do not.
   */
  private static final int[][] SIZES = {
    {1, 1, 1, 1},
    {2, 3, 1, 3},
    {3, 4, 2, 5},
    {2, 6, 3, 8},
    {3, 8, 4, 7},
    {2, 14, 7, 9},
    {1, 28, 14, 16},
    {5, 16, 8, 33},
    {2, 16, 16, 4},
    {0, 4, 2, 3}
  };

  private PatchEmbeddingCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      PatchEmbeddingDims d = new PatchEmbeddingDims(size[0], size[1], size[2], size[3]);
      suite.checkBoth(
          "patchembedding %d×%d² by %d² to %d".formatted(d.b(), d.size(), d.patch(), d.c()),
          w -> embedding(w, d, 1 << 20));
    }
    // Three pictures, of which two fit, and one that does not.
    PatchEmbeddingDims cut = new PatchEmbeddingDims(3, 6, 2, 5);
    suite.checkBoth("patchembedding in chunks", w -> embedding(w, cut, 2 * 10 * 16 * 4));
    suite.checkBoth("patchembedding picture by picture", w -> embedding(w, cut, 1));
    for (int patch : new int[] {32, 16, 14}) {
      PatchEmbeddingDims d = new PatchEmbeddingDims(256, 224, patch, 768);
      String size = " 256×224² by " + patch + "² to 768";
      suite.time("patchembedding forward" + size, d.forwardCost(), w -> forward(w, d));
      suite.timeBf16("patchembedding forward" + size, d.forwardCost(), w -> forward(w, d));
      suite.time("patchembedding backward" + size, d.backwardCost(), w -> backward(w, d));
      suite.timeBf16("patchembedding backward" + size, d.backwardCost(), w -> backward(w, d));
    }
  }

  private static void embedding(Workbench w, PatchEmbeddingDims d, long mostBytes) {
    Precision precision = w.precision();
    // Pictures are f32 and rounded on the way; these are what rounding leaves as it is.
    double[] images = w.normal(1, d.imageFloats());
    double[] weight = w.normal(2, d.c() * d.depth());
    double[] classToken = w.f32Normal(3, d.c());
    double[] positions = w.f32Normal(4, d.tokens() * d.c());
    double[] y = new double[d.tokenFloats()];
    DeviceMemory gImages = w.inF32(images);
    DeviceMemory gWeight = w.in(weight);
    DeviceMemory gy = w.out(y.length);
    PatchEmbeddingReference.forward(d, images, weight, classToken, positions, y);
    PatchEmbeddingCuda.forwardWithin(
        mostBytes,
        w.gpu(),
        d,
        precision,
        gImages,
        gWeight,
        w.inF32(classToken),
        w.inF32(positions),
        gy);
    double tolerance = 2e-6 * Math.sqrt(d.depth());
    // A position is rounded by itself: half of the last of its bits, of numbers around 1.
    w.check("y", y, gy, precision == Precision.F32 ? tolerance : tolerance + 1.0 / 128);

    double[] dy = w.normal(5, y.length);
    double[] dImages = new double[images.length];
    double[] dWeight = w.f32Normal(6, weight.length);
    double[] dClassToken = w.f32Normal(7, d.c());
    double[] dPositions = w.f32Normal(8, positions.length);
    DeviceMemory gdy = w.in(dy);
    DeviceMemory gdImages = w.outF32(images.length);
    DeviceMemory gdWeight = w.inF32(dWeight);
    DeviceMemory gdClassToken = w.inF32(dClassToken);
    DeviceMemory gdPositions = w.inF32(dPositions);
    DeviceMemory again = w.inF32(dWeight);
    PatchEmbeddingReference.backward(
        d, images, weight, dy, dImages, dWeight, dClassToken, dPositions);
    PatchEmbeddingCuda.backwardWithin(
        mostBytes,
        w.gpu(),
        d,
        precision,
        gImages,
        gWeight,
        gdy,
        gdImages,
        gdWeight,
        gdClassToken,
        gdPositions);
    w.checkF32("dImages", dImages, gdImages, 2e-6 * Math.sqrt(d.c() + 1));
    w.checkF32("dWeight", dWeight, gdWeight, 2e-6 * Math.sqrt(d.b() * d.patches() + 1));
    w.checkF32("dClassToken", dClassToken, gdClassToken, 1e-6 * (d.b() + 1));
    w.checkF32("dPositions", dPositions, gdPositions, 1e-6 * (d.b() + 1));
    PatchEmbeddingCuda.backward(
        w.gpu(), d, precision, gImages, gWeight, gdy, null, again, gdClassToken, gdPositions);
    w.checkF32("dWeight alone", dWeight, again, 2e-6 * Math.sqrt(d.b() * d.patches() + 1));
  }

  private static GpuTiming.Launches forward(Workbench w, PatchEmbeddingDims d) {
    DeviceMemory images = w.filledF32(d.imageFloats());
    DeviceMemory weight = w.filled(d.c() * d.depth());
    DeviceMemory classToken = w.filledF32(d.c());
    DeviceMemory positions = w.filledF32(d.tokens() * d.c());
    DeviceMemory y = w.out(d.tokenFloats());
    return gpu ->
        PatchEmbeddingCuda.forward(gpu, d, w.precision(), images, weight, classToken, positions, y);
  }

  private static GpuTiming.Launches backward(Workbench w, PatchEmbeddingDims d) {
    DeviceMemory images = w.filledF32(d.imageFloats());
    DeviceMemory weight = w.filled(d.c() * d.depth());
    DeviceMemory dy = w.filled(d.tokenFloats());
    DeviceMemory dWeight = w.filledF32(d.c() * d.depth());
    DeviceMemory dClassToken = w.filledF32(d.c());
    DeviceMemory dPositions = w.filledF32(d.tokens() * d.c());
    return gpu ->
        PatchEmbeddingCuda.backward(
            gpu, d, w.precision(), images, weight, dy, null, dWeight, dClassToken, dPositions);
  }
}
