package dev.diptych.bench.kernel;

import dev.diptych.kernels.layernorm.LayerNormCpu;
import dev.diptych.kernels.layernorm.LayerNormDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Layer normalisation of ViT-B/32 for 1 and 32 pictures. */
public class LayerNormBenchmark extends KernelBenchmark {
  /** Rows of 768: pictures × 50 tokens. */
  @Param({"50", "1600"})
  public int n;

  private LayerNormDims d = new LayerNormDims(0, 0, 1e-5f);
  private Floats x = Floats.zeros(0);
  private Floats y = x;
  private Floats dx = x;
  private Floats w = x;
  private Floats b = x;
  private Floats mean = x;
  private Floats rstd = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new LayerNormDims(n, 768, 1e-5f);
    x = random(n * 768);
    y = random(n * 768);
    dx = random(n * 768);
    w = random(768);
    b = random(768);
    mean = Floats.zeros(n);
    rstd = Floats.zeros(n);
    LayerNormCpu.forward(d, x, w, b, y, mean, rstd);
  }

  /** y = (x − μ)·rstd·w + b. */
  @Benchmark
  public Floats forward(Work work) {
    LayerNormCpu.forward(d, x, w, b, y, mean, rstd);
    work.add(d.forwardCost());
    return y;
  }

  /** All gradients. */
  @Benchmark
  public Floats backward(Work work) {
    LayerNormCpu.backward(d, x, w, mean, rstd, y, dx, w, b);
    work.add(d.backwardCost());
    return dx;
  }
}
