package dev.diptych.bench.kernel;

import dev.diptych.kernels.contrastive.ContrastiveCpu;
import dev.diptych.kernels.contrastive.ContrastiveDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The fused contrastive loss on batches of training from small to large. */
public class ContrastiveBenchmark extends KernelBenchmark {
  /** Pairs in the batch. */
  @Param({"128", "1024", "4096"})
  public int n;

  /** Width of the embedding. */
  @Param("512")
  public int embedDim;

  private ContrastiveDims d = new ContrastiveDims(1, 1, true);
  private Floats image = Floats.zeros(0);
  private Floats text = image;
  private Floats forwardScratch = image;
  private Floats backwardScratch = image;
  private Floats rowLse = image;
  private Floats columnLse = image;
  private Floats dImage = image;
  private Floats dText = image;
  private final Floats logScale = Floats.of((float) Math.log(1 / 0.07));
  private final Floats loss = Floats.zeros(1);
  private final Floats accuracy = Floats.zeros(1);
  private final Floats dLogScale = Floats.zeros(1);

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new ContrastiveDims(n, embedDim, true);
    image = random(n * embedDim);
    text = random(n * embedDim);
    rowLse = Floats.zeros(n);
    columnLse = Floats.zeros(n);
    dImage = Floats.zeros(n * embedDim);
    dText = Floats.zeros(n * embedDim);
    forwardScratch = Floats.zeros(Math.toIntExact(d.forwardScratch()));
    backwardScratch = Floats.zeros(Math.toIntExact(d.backwardScratch()));
    ContrastiveCpu.forward(
        d, image, text, logScale, null, loss, accuracy, rowLse, columnLse, forwardScratch);
  }

  /** Loss, accuracy and both log-sum-exps. */
  @Benchmark
  public Floats forward(Work work) {
    ContrastiveCpu.forward(
        d, image, text, logScale, null, loss, accuracy, rowLse, columnLse, forwardScratch);
    work.add(d.forwardCost());
    return loss;
  }

  /** The gradients of both embeddings and of the scale. */
  @Benchmark
  public Floats backward(Work work) {
    ContrastiveCpu.backward(
        d,
        image,
        text,
        logScale,
        null,
        loss,
        rowLse,
        columnLse,
        Floats.of(1),
        dImage,
        dText,
        dLogScale,
        backwardScratch);
    work.add(d.backwardCost());
    return dImage;
  }
}
