package dev.diptych.bench.kernel;

import dev.diptych.kernels.embedding.EmbeddingCpu;
import dev.diptych.kernels.embedding.EmbeddingDims;
import dev.diptych.kernels.embedding.GatherCpu;
import dev.diptych.kernels.embedding.GatherDims;
import dev.diptych.kernels.memory.Floats;
import java.util.Random;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The embedding of CLIP's texts, and the pooling of one row per text. */
public class EmbeddingBenchmark extends KernelBenchmark {
  private static final int PADDING_FROM = 20; // a caption of usual length in a context of 77

  /** Texts. */
  @Param({"1", "32"})
  public int b;

  private EmbeddingDims d = new EmbeddingDims(0, 0, 0, 0);
  private GatherDims gather = new GatherDims(0, 0, 0);
  private int[] ids = new int[0];
  private int[] index = ids;
  private Floats table = Floats.zeros(0);
  private Floats positions = table;
  private Floats y = table;
  private Floats pooled = table;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new EmbeddingDims(b, 77, 49_408, 512);
    gather = new GatherDims(b, 77, 512);
    ids = new int[d.tokens()];
    index = new int[b];
    Random random = new Random(1);
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i % d.t() < PADDING_FROM ? random.nextInt(d.v()) : 0;
    }
    java.util.Arrays.fill(index, PADDING_FROM - 1);
    table = random(d.v() * d.c());
    positions = random(d.t() * d.c());
    y = random(d.tokens() * d.c());
    pooled = random(b * d.c());
  }

  /** y = table rows + positions. */
  @Benchmark
  public Floats forward(Work work) {
    EmbeddingCpu.forward(d, ids, table, positions, y);
    work.add(d.forwardCost());
    return y;
  }

  /** The gradients of table and positions. */
  @Benchmark
  public Floats backward(Work work) {
    EmbeddingCpu.backward(d, ids, y, table, positions);
    work.add(d.backwardCost());
    return table;
  }

  /** One row of each text. */
  @Benchmark
  public Floats gather(Work work) {
    GatherCpu.forward(gather, y, index, pooled);
    work.add(gather.forwardCost());
    return pooled;
  }

  /** The gradient of that. */
  @Benchmark
  public Floats gatherBackward(Work work) {
    GatherCpu.backward(gather, index, pooled, y);
    work.add(gather.backwardCost());
    return y;
  }
}
