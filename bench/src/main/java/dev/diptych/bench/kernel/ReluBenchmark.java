package dev.diptych.bench.kernel;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.relu.ReluCpu;
import dev.diptych.kernels.relu.ReluDims;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The rectifier after the first stage of RN50. */
public class ReluBenchmark extends KernelBenchmark {
  /** Pictures. */
  @Param({"1", "32"})
  public int b;

  private ReluDims d = new ReluDims(0 * 56 * 56 * 256);
  private Floats x = Floats.zeros(0);
  private Floats y = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new ReluDims(b * 56 * 56 * 256);
    x = random(d.n());
    y = random(d.n());
  }

  /** y. */
  @Benchmark
  public Floats forward(Work work) {
    ReluCpu.forward(d, x, y);
    work.add(d.forwardCost());
    return y;
  }

  /** All gradients. */
  @Benchmark
  public Floats backward(Work work) {
    ReluCpu.backward(d, y, y, x);
    work.add(d.backwardCost());
    return x;
  }
}
