package dev.diptych.bench.kernel;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.patchembedding.PatchEmbeddingCpu;
import dev.diptych.kernels.patchembedding.PatchEmbeddingDims;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The patch embedding of ViT-B/32 and ViT-B/16. */
public class PatchEmbeddingBenchmark extends KernelBenchmark {
  /** Pictures. */
  @Param({"1", "32"})
  public int b;

  /** Height and width of a patch. */
  @Param({"32", "16"})
  public int patch = 32;

  private PatchEmbeddingDims d = new PatchEmbeddingDims(0, 32, 32, 0);
  private Floats images = Floats.zeros(0);
  private Floats dImages = images;
  private Floats weight = images;
  private Floats dWeight = images;
  private Floats classToken = images;
  private Floats positions = images;
  private Floats y = images;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new PatchEmbeddingDims(b, 224, patch, 768);
    images = random(d.imageFloats());
    dImages = random(d.imageFloats());
    weight = random(d.c() * d.depth());
    dWeight = random(d.c() * d.depth());
    classToken = random(d.c());
    positions = random(d.tokens() * d.c());
    y = random(d.tokenFloats());
  }

  /** Pictures to tokens. */
  @Benchmark
  public Floats forward(Work work) {
    PatchEmbeddingCpu.forward(d, images, weight, classToken, positions, y);
    work.add(d.forwardCost());
    return y;
  }

  /** The gradients of weight, class token and positions: training. */
  @Benchmark
  public Floats backward(Work work) {
    PatchEmbeddingCpu.backward(d, images, weight, y, null, dWeight, classToken, positions);
    work.add(d.backwardCost());
    return dWeight;
  }

  /** The gradient of the pictures too; the counters hold the others' work alone. */
  @Benchmark
  public Floats backwardToImages(Work work) {
    PatchEmbeddingCpu.backward(d, images, weight, y, dImages, dWeight, classToken, positions);
    work.add(d.backwardCost());
    return dImages;
  }
}
