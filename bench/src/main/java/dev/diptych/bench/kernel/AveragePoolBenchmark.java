package dev.diptych.bench.kernel;

import dev.diptych.kernels.averagepool.AveragePoolCpu;
import dev.diptych.kernels.averagepool.AveragePoolDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The pooling between the first two stages of RN50. */
public class AveragePoolBenchmark extends KernelBenchmark {
  /** Pictures. */
  @Param({"1", "32"})
  public int b;

  private AveragePoolDims d = new AveragePoolDims(0, 56, 56, 256, 2);
  private Floats x = Floats.zeros(0);
  private Floats y = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new AveragePoolDims(b, 56, 56, 256, 2);
    x = random(d.inputFloats());
    y = random(d.outputFloats());
  }

  /** y. */
  @Benchmark
  public Floats forward(Work work) {
    AveragePoolCpu.forward(d, x, y);
    work.add(d.cost());
    return y;
  }

  /** All gradients. */
  @Benchmark
  public Floats backward(Work work) {
    AveragePoolCpu.backward(d, y, x);
    work.add(d.cost());
    return x;
  }
}
