package dev.diptych.bench.kernel;

import dev.diptych.kernels.attention.AttentionCpu;
import dev.diptych.kernels.attention.AttentionDims;
import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.softmax.SoftmaxCpu;
import dev.diptych.kernels.softmax.SoftmaxDims;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
 * Self-attention on a packed projection, forward and backward, and the same forward without fusion:
 * a product, a softmax and a product for each head, on heads that lie apart already.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AttentionBenchmark {

  /** Operands of one layer. */
  @State(Scope.Benchmark)
  public static class Layer {
    /** B×H×T×D. */
    @Param({"64x4x17x32", "32x12x50x64", "32x8x77x64", "8x12x197x64", "4x16x257x64"})
    public String shape = "";

    /** Whether token t sees the tokens 0 to t alone. */
    @Param({"false", "true"})
    public boolean causal;

    /** Threads of the kernel; 0 for one per processor. */
    @Param({"1", "0"})
    public int threads;

    AttentionDims d = AttentionDims.packed(0, 0, 1, 1, false);
    Floats q = Floats.zeros(0);
    Floats k = q;
    Floats v = q;
    Floats y = q;
    Floats lse = q;
    Floats dy = q;
    Floats dq = q;
    Floats dk = q;
    Floats dv = q;
    Floats scores = q;

    /** Fills the operands with numbers like activations. */
    @Setup
    public void fill() {
      String[] sizes = shape.split("x", -1);
      int b = Integer.parseInt(sizes[0]);
      int h = Integer.parseInt(sizes[1]);
      int t = Integer.parseInt(sizes[2]);
      Parallel.setThreads(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
      d = AttentionDims.packed(b, t, h, Integer.parseInt(sizes[3]), causal);
      int length = d.queryLength();
      Floats qkv = random(3 * b * t * d.c());
      Floats dqkv = random(3 * b * t * d.c());
      q = qkv.slice(0, length);
      k = qkv.slice(d.c(), length);
      v = qkv.slice(2 * d.c(), length);
      dq = dqkv.slice(0, length);
      dk = dqkv.slice(d.c(), length);
      dv = dqkv.slice(2 * d.c(), length);
      y = random(b * t * d.c());
      dy = random(b * t * d.c());
      lse = random(b * h * t);
      scores = random(t * t);
    }

    private static Floats random(int length) {
      Random random = new Random(length);
      Floats values = Floats.zeros(length);
      for (int i = 0; i < length; i++) {
        values.array()[i] = (float) random.nextGaussian();
      }
      return values;
    }
  }

  /** y and lse. */
  @Benchmark
  public Floats forward(Layer layer) {
    AttentionCpu.forward(layer.d, layer.q, layer.k, layer.v, null, layer.y, layer.lse);
    return layer.y;
  }

  /** dq, dk and dv. */
  @Benchmark
  public Floats backward(Layer layer) {
    AttentionCpu.backward(
        layer.d, layer.q, layer.k, layer.v, null, layer.y, layer.lse, layer.dy, layer.dq, layer.dk,
        layer.dv);
    return layer.dq;
  }

  /** The peer: s = q·kᵀ, p = softmax(s), y = p·v, head by head. Without mask and scale. */
  @Benchmark
  public Floats unfused(Layer layer) {
    int t = layer.d.tq();
    int size = t * layer.d.d();
    MatmulDims products = MatmulDims.of(t, t, layer.d.d(), false, true);
    MatmulDims sums = MatmulDims.of(t, layer.d.d(), t, false, false);
    SoftmaxDims rows = new SoftmaxDims(t, t);
    for (int head = 0; head < layer.d.b() * layer.d.h(); head++) {
      Floats q = layer.q.slice(head * size, size);
      Floats k = layer.k.slice(head * size, size);
      Floats v = layer.v.slice(head * size, size);
      MatmulCpu.multiply(products, q, k, layer.scores, Epilogue.NONE);
      SoftmaxCpu.forward(rows, layer.scores, layer.scores);
      MatmulCpu.multiply(sums, layer.scores, v, layer.y.slice(head * size, size), Epilogue.NONE);
    }
    return layer.y;
  }
}
