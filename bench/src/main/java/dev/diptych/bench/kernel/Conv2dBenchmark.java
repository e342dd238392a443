package dev.diptych.bench.kernel;

import dev.diptych.kernels.conv2d.Conv2dCpu;
import dev.diptych.kernels.conv2d.Conv2dDims;
import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The 3×3 convolutions of RN50's stages, and the plain product of as many flops. */
public class Conv2dBenchmark extends KernelBenchmark {
  /** Pictures. */
  @Param({"1", "32"})
  public int b;

  /** Channels of x and of y: the stages of RN50 in order. */
  @Param({"64", "128", "256", "512"})
  public int c = 64;

  private Conv2dDims d = new Conv2dDims(0, 1, 1, 1, 1, 1, 1, 1, 0);
  private Floats x = Floats.zeros(0);
  private Floats dx = x;
  private Floats w = x;
  private Floats dw = x;
  private Floats y = x;
  private Floats columns = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    int size = 56 * 64 / c;
    d = new Conv2dDims(b, size, size, c, c, 3, 3, 1, 1);
    x = random(d.inputFloats());
    dx = random(d.inputFloats());
    w = random(d.weightFloats());
    dw = random(d.weightFloats());
    y = random(d.outputFloats());
    columns = random(d.rows() * d.depth());
  }

  /** y. */
  @Benchmark
  public Floats forward(Work work) {
    Conv2dCpu.forward(d, x, w, y);
    work.add(d.cost());
    return y;
  }

  /** dx. */
  @Benchmark
  public Floats backwardInput(Work work) {
    Conv2dCpu.backwardInput(d, w, y, dx);
    work.add(d.cost());
    return dx;
  }

  /** dW. */
  @Benchmark
  public Floats backwardWeight(Work work) {
    Conv2dCpu.backwardWeight(d, x, y, dw);
    work.add(d.cost());
    return dw;
  }

  /** The yardstick: im2col(x) is there already, and multiplied with W'. */
  @Benchmark
  public Floats plainProduct(Work work) {
    MatmulDims product = MatmulDims.of(d.rows(), d.o(), d.depth(), false, true);
    MatmulCpu.multiply(product, columns, w, y, Epilogue.NONE);
    work.add(product.cost());
    return y;
  }
}
