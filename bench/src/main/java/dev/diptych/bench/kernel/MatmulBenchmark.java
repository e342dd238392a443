package dev.diptych.bench.kernel;

import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.matmul.PackedMatrix;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Matrix multiplication on the linear layers of ViT-B/32: y = x·wᵀ forward, with weights packed
 * before or on every call, and the two products of its backward. The counter {@code gflop} over the
 * time is the rate in GFLOP/s.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class MatmulBenchmark {

  /** GFLOP done in the measured time; JMH shows it per time unit of the benchmark. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Work {
    /** GFLOP of all calls of an iteration together. */
    public double gflop;
  }

  /** Operands of one layer. */
  @State(Scope.Benchmark)
  public static class Layer {
    /** M×N×K: rows of x, outputs, inputs. */
    @Param({
      "50x2304x768",
      "50x768x768",
      "50x3072x768",
      "50x768x3072",
      "197x2304x768",
      "197x768x3072",
      "77x1536x512",
      "77x512x512",
      "77x2048x512",
      "77x512x2048",
      "1600x2304x768",
      "1600x768x768",
      "1600x3072x768",
      "1600x768x3072",
      "2464x1536x512",
      "2464x512x512",
      "2464x2048x512",
      "2464x512x2048"
    })
    public String shape = "";

    /** Threads of the kernel; 0 for one per processor. */
    @Param({"1", "0"})
    public int threads;

    MatmulDims d = MatmulDims.of(0, 0, 0, false, true);
    Floats x = Floats.zeros(0);
    Floats w = x;
    Floats y = x;
    Floats dx = x;
    Floats dw = x;
    PackedMatrix packed = MatmulCpu.pack(d, w);

    /** Fills the operands with numbers like activations. */
    @Setup
    public void fill() {
      String[] sizes = shape.split("x", -1);
      int m = Integer.parseInt(sizes[0]);
      int n = Integer.parseInt(sizes[1]);
      int k = Integer.parseInt(sizes[2]);
      Parallel.setThreads(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
      d = MatmulDims.of(m, n, k, false, true);
      x = random(m * k);
      w = random(n * k);
      y = random(m * n);
      dx = random(m * k);
      dw = random(n * k);
      packed = MatmulCpu.pack(d, w);
    }

    private static Floats random(int length) {
      Random random = new Random(length);
      Floats values = Floats.zeros(length);
      for (int i = 0; i < length; i++) {
        values.array()[i] = (float) random.nextGaussian();
      }
      return values;
    }

    double gflop() {
      return d.cost().flops() * 1e-9;
    }
  }

  /** y = x·wᵀ with w packed before: inference. */
  @Benchmark
  public Floats packed(Layer layer, Work work) {
    MatmulCpu.multiply(layer.d, layer.x, layer.packed, layer.y, Epilogue.NONE);
    work.gflop += layer.gflop();
    return layer.y;
  }

  /** y = x·wᵀ with w packed on the way: training. */
  @Benchmark
  public Floats unpacked(Layer layer, Work work) {
    MatmulCpu.multiply(layer.d, layer.x, layer.w, layer.y, Epilogue.NONE);
    work.gflop += layer.gflop();
    return layer.y;
  }

  /** dx = dy·w. */
  @Benchmark
  public Floats backwardX(Layer layer, Work work) {
    MatmulCpu.backwardA(layer.d, layer.w, layer.y, layer.dx, Epilogue.NONE);
    work.gflop += layer.gflop();
    return layer.dx;
  }

  /** dw += dyᵀ·x. */
  @Benchmark
  public Floats backwardW(Layer layer, Work work) {
    MatmulCpu.backwardB(layer.d, layer.x, layer.y, layer.dw, Epilogue.ACCUMULATE);
    work.gflop += layer.gflop();
    return layer.dw;
  }
}
