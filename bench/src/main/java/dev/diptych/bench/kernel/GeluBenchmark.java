package dev.diptych.bench.kernel;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCpu;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Both GELUs on the hidden layer of ViT-B/32 for 1 and 32 pictures. */
public class GeluBenchmark extends KernelBenchmark {
  /** Elements: pictures × 50 tokens × 3072. */
  @Param({"153600", "4915200"})
  public int n;

  /** Which of the two. */
  @Param public Activation activation = Activation.QUICK_GELU;

  private GeluDims d = new GeluDims(0, activation);
  private Floats x = Floats.zeros(0);
  private Floats dy = x;
  private Floats y = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new GeluDims(n, activation);
    x = random(n);
    dy = random(n);
    y = Floats.zeros(n);
  }

  /** y = activation(x). */
  @Benchmark
  public Floats forward(Work work) {
    GeluCpu.forward(d, x, y);
    work.add(d.forwardCost());
    return y;
  }

  /** dx = dy·activation′(x). */
  @Benchmark
  public Floats backward(Work work) {
    GeluCpu.backward(d, x, dy, y);
    work.add(d.backwardCost());
    return y;
  }
}
