package dev.diptych.bench.kernel;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.reduce.ReduceCpu;
import dev.diptych.kernels.reduce.ReduceDims;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Reductions of activations of ViT-B/32 for 1 and 32 pictures. */
public class ReduceBenchmark extends KernelBenchmark {
  /** Rows of 768: pictures × 50 tokens. */
  @Param({"50", "1600"})
  public int n;

  private ReduceDims d = new ReduceDims(0, 0);
  private Floats x = Floats.zeros(0);
  private Floats rows = x;
  private Floats columns = x;
  private int[] index = new int[0];

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new ReduceDims(n, 768);
    x = random(d.size());
    rows = Floats.zeros(d.c());
    columns = Floats.zeros(n);
    index = new int[n];
  }

  /** Σ over everything. */
  @Benchmark
  public float sum(Work work) {
    work.add(d.forwardCost());
    return ReduceCpu.sum(x, 1);
  }

  /** Σ over rows: the gradient of a bias. */
  @Benchmark
  public Floats sumRows(Work work) {
    ReduceCpu.sumRows(d, 1, x, rows);
    work.add(d.forwardCost());
    return rows;
  }

  /** Σ over columns. */
  @Benchmark
  public Floats sumColumns(Work work) {
    ReduceCpu.sumColumns(d, 1, x, columns);
    work.add(d.forwardCost());
    return columns;
  }

  /** The maximum of each row and its index. */
  @Benchmark
  public int[] max(Work work) {
    ReduceCpu.max(d, x, columns, index);
    work.add(d.forwardCost());
    return index;
  }
}
