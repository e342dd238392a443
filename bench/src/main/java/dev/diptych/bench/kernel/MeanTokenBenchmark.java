package dev.diptych.bench.kernel;

import dev.diptych.kernels.meantoken.MeanTokenCpu;
import dev.diptych.kernels.meantoken.MeanTokenDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The tokens of RN50's attention pooling. */
public class MeanTokenBenchmark extends KernelBenchmark {
  /** Pictures. */
  @Param({"1", "32"})
  public int b;

  private MeanTokenDims d = new MeanTokenDims(0, 49, 2048);
  private Floats x = Floats.zeros(0);
  private Floats y = x;
  private Floats positions = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new MeanTokenDims(b, 49, 2048);
    x = random(d.b() * d.t() * d.c());
    y = random(d.b() * (d.t() + 1) * d.c());
    positions = random((d.t() + 1) * d.c());
  }

  /** y. */
  @Benchmark
  public Floats forward(Work work) {
    MeanTokenCpu.forward(d, x, positions, y);
    work.add(d.forwardCost());
    return y;
  }

  /** All gradients. */
  @Benchmark
  public Floats backward(Work work) {
    MeanTokenCpu.backward(d, y, x, positions);
    work.add(d.backwardCost());
    return x;
  }
}
