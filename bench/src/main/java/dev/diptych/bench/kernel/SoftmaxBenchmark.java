package dev.diptych.bench.kernel;

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

/** Softmax and log-softmax of 4096 rows, forward and backward. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class SoftmaxBenchmark {

  /** Operands. */
  @State(Scope.Benchmark)
  public static class Rows {
    /** C. */
    @Param({"50", "77", "197", "1000"})
    public int columns;

    /** Threads of the kernel; 0 for one per processor. */
    @Param({"1", "0"})
    public int threads;

    SoftmaxDims d = new SoftmaxDims(0, 0);
    Floats x = Floats.zeros(0);
    Floats y = x;
    Floats dy = x;
    Floats dx = x;

    /** Fills the operands. */
    @Setup
    public void fill() {
      Parallel.setThreads(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
      d = new SoftmaxDims(4096, columns);
      x = random(4096 * columns);
      dy = random(4096 * columns);
      y = Floats.zeros(4096 * columns);
      dx = Floats.zeros(4096 * columns);
      SoftmaxCpu.forward(d, x, y);
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

  /** y = softmax(x). */
  @Benchmark
  public Floats forward(Rows rows) {
    SoftmaxCpu.forward(rows.d, rows.x, rows.y);
    return rows.y;
  }

  /** dx of softmax. */
  @Benchmark
  public Floats backward(Rows rows) {
    SoftmaxCpu.backward(rows.d, rows.y, rows.dy, rows.dx);
    return rows.dx;
  }

  /** y = log softmax(x). */
  @Benchmark
  public Floats logForward(Rows rows) {
    SoftmaxCpu.logForward(rows.d, rows.x, rows.dx);
    return rows.dx;
  }

  /** dx of log-softmax. */
  @Benchmark
  public Floats logBackward(Rows rows) {
    SoftmaxCpu.logBackward(rows.d, rows.y, rows.dy, rows.dx);
    return rows.dx;
  }
}
