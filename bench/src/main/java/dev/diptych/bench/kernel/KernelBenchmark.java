package dev.diptych.bench.kernel;

import dev.diptych.kernels.memory.Cost;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the benchmarks of all kernels share: settings, threads, operands and counters. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public abstract class KernelBenchmark {
  /** Threads of the kernel; 0 for one per processor. */
  @Param({"1", "0"})
  public int threads;

  /** For benchmarks alone. */
  protected KernelBenchmark() {}

  /** Sets the number of threads. */
  @Setup(Level.Trial)
  public void setThreads() {
    Parallel.setThreads(threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
  }

  /** What a kernel has to do at the least, over an iteration of one second: GB/s and GFLOP/s. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Work {
    /** Gigabytes of all calls of an iteration together. */
    public double gigabytes;

    /** GFLOP of all calls of an iteration together. */
    public double gflop;

    void add(Cost cost) {
      gigabytes += cost.bytes() * 1e-9;
      gflop += cost.flops() * 1e-9;
    }
  }

  /** Numbers like activations. */
  static Floats random(int length) {
    Random random = new Random(length);
    Floats values = Floats.zeros(length);
    for (int i = 0; i < length; i++) {
      values.array()[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
