package dev.diptych.bench.kernel;

import dev.diptych.kernels.adamw.AdamWCpu;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.memory.Cost;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** AdamW over a flat block, from a small model to a tenth of ViT-B/32. */
public class AdamWBenchmark extends KernelBenchmark {
  private static final Floats NUMBERS =
      Floats.of(new AdamWStep(10, 1e-3, 0.9, 0.98, 1e-6, 0.2, 1).packed());

  /** Parameters. */
  @Param({"500000", "15000000"})
  public int n;

  private Floats p = Floats.zeros(0);
  private Floats g = p;
  private Floats m = p;
  private Floats v = p;

  /** Fills the operands. */
  @Setup
  public void fill() {
    p = random(n);
    g = random(n);
    m = Floats.zeros(n);
    v = Floats.zeros(n);
  }

  /** One step. */
  @Benchmark
  public Floats update(Work work) {
    AdamWCpu.update(NUMBERS, p, g, m, v, 0, n);
    work.add(AdamWStep.cost(n));
    return p;
  }

  /** The norm of the gradients. */
  @Benchmark
  public double norm(Work work) {
    work.add(new Cost(4L * n, 2L * n));
    return AdamWCpu.sumOfSquares(g);
  }
}
