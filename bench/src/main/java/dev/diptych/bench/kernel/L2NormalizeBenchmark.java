package dev.diptych.bench.kernel;

import dev.diptych.kernels.l2normalize.L2NormalizeCpu;
import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** L2 normalisation of a batch of embeddings. */
public class L2NormalizeBenchmark extends KernelBenchmark {
  /** Rows. */
  @Param({"128", "8192"})
  public int n;

  private L2NormalizeDims d = new L2NormalizeDims(0, 0);
  private Floats x = Floats.zeros(0);
  private Floats y = x;
  private Floats dx = x;
  private Floats inverseNorm = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new L2NormalizeDims(n, 512);
    x = random(n * 512);
    y = random(n * 512);
    dx = random(n * 512);
    inverseNorm = Floats.zeros(n);
    L2NormalizeCpu.forward(d, x, y, inverseNorm);
  }

  /** y = x/‖x‖. */
  @Benchmark
  public Floats forward(Work work) {
    L2NormalizeCpu.forward(d, x, y, inverseNorm);
    work.add(d.forwardCost());
    return y;
  }

  /** dx = (dy − y·(y·dy))/‖x‖. */
  @Benchmark
  public Floats backward(Work work) {
    L2NormalizeCpu.backward(d, y, inverseNorm, x, dx);
    work.add(d.backwardCost());
    return dx;
  }
}
