package dev.diptych.bench.kernel;

import dev.diptych.kernels.batchnorm.BatchNormCpu;
import dev.diptych.kernels.batchnorm.BatchNormDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Batch normalisation of RN50's first and last stage for 32 pictures. */
public class BatchNormBenchmark extends KernelBenchmark {
  /** Channels; 32 pictures of 56² pixels at 256, of 7² at 2048. */
  @Param({"256", "2048"})
  public int c = 256;

  private BatchNormDims d = new BatchNormDims(0, 1, 1e-5f);
  private Floats x = Floats.zeros(0);
  private Floats y = x;
  private Floats dx = x;
  private Floats w = x;
  private Floats b = x;
  private Floats mean = x;
  private Floats variance = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    int size = 56 * 256 / c;
    d = new BatchNormDims(32 * size * size, c, 1e-5f);
    x = random(d.n() * c);
    y = random(d.n() * c);
    dx = random(d.n() * c);
    w = random(c);
    b = random(c);
    mean = Floats.zeros(c);
    variance = Floats.zeros(c);
    BatchNormCpu.statistics(d, x, mean, variance);
  }

  /** Statistics of the batch, and y. */
  @Benchmark
  public Floats training(Work work) {
    BatchNormCpu.statistics(d, x, mean, variance);
    BatchNormCpu.normalise(d, x, w, b, mean, variance, y);
    work.add(d.trainingCost());
    return y;
  }

  /** y by running statistics. */
  @Benchmark
  public Floats forward(Work work) {
    BatchNormCpu.normalise(d, x, w, b, mean, variance, y);
    work.add(d.forwardCost());
    return y;
  }

  /** All gradients in training. */
  @Benchmark
  public Floats backward(Work work) {
    BatchNormCpu.backward(d, true, x, w, mean, variance, y, dx, w, b);
    work.add(d.backwardCost());
    return dx;
  }
}
