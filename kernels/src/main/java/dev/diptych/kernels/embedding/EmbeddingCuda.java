package dev.diptych.kernels.embedding;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Token embedding on a GPU, in f32; the kernels are in {@code embedding.cu}. */
public final class EmbeddingCuda {
  private static final Kernel FORWARD = kernel("embedding_forward");
  private static final Kernel PIECES = kernel("embedding_pieces");
  private static final Kernel JOIN = kernel("embedding_join");
  private static final int THREADS = 128;

  private EmbeddingCuda() {}

  private static Kernel kernel(String entry) {
    return Kernel.of(EmbeddingCuda.class, "embedding", entry);
  }

  /**
   * y_bt = table_id(b,t) + positions_t.
   *
   * @param ids (B, T) ints, each in [0, V): the caller has checked
   * @param table (V, C)
   * @param positions (T, C)
   * @param y (B, T, C), written
   */
  public static void forward(
      Gpu gpu,
      EmbeddingDims d,
      DeviceMemory ids,
      DeviceMemory table,
      DeviceMemory positions,
      DeviceMemory y) {
    assert ids.floatCount() == d.tokens() && table.floatCount() == (long) d.v() * d.c();
    assert positions.floatCount() == (long) d.t() * d.c();
    assert y.floatCount() == (long) d.tokens() * d.c();
    gpu.launch(
        FORWARD,
        Launch.of(d.tokens(), THREADS),
        new Arguments()
            .pointer(ids)
            .pointer(table)
            .pointer(positions)
            .pointer(y)
            .int32(d.t())
            .int32(d.c()));
  }

  /**
   * dTable_id += Σ dy_bt over all places of the id; dPositions_t += Σ_b dy_bt.
   *
   * @param plan of the ids that were given to {@link #forward}
   * @param dy (B, T, C)
   * @param dTable (V, C), added to
   * @param dPositions (T, C), added to
   */
  public static void backward(
      Gpu gpu,
      EmbeddingDims d,
      EmbeddingPlan plan,
      DeviceMemory dy,
      DeviceMemory dTable,
      DeviceMemory dPositions) {
    assert plan.order().length == d.tokens() && dy.floatCount() == (long) d.tokens() * d.c();
    if (d.tokens() == 0) {
      return;
    }
    int columns = Math.ceilDiv(d.c(), THREADS);
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats((long) plan.pieces() * d.c());
      long begin = plan.order().length;
      long id = begin + plan.begin().length;
      long firstPiece = id + plan.id().length;
      DeviceMemory numbers = upload(scratch, plan);
      gpu.launch(
          PIECES,
          Launch.of(plan.pieces(), THREADS).withGrid(plan.pieces(), columns, 1),
          new Arguments()
              .pointer(numbers)
              .pointer(numbers.floats(begin, plan.begin().length))
              .pointer(dy)
              .pointer(partial)
              .int32(d.c()));
      gpu.launch(
          JOIN,
          Launch.of(plan.id().length, THREADS).withGrid(plan.id().length, columns, 1),
          new Arguments()
              .pointer(numbers.floats(id, plan.id().length))
              .pointer(numbers.floats(firstPiece, plan.firstPiece().length))
              .pointer(partial)
              .pointer(dTable)
              .int32(d.c()));
      ReduceCuda.sumRows(
          gpu, new ReduceDims(d.b(), d.t() * d.c()), Precision.F32, 1, dy, dPositions);
    }
  }

  /** All of the plan's numbers, which are as long as floats, in one copy: each is waited for. */
  private static DeviceMemory upload(GpuScope scope, EmbeddingPlan plan) {
    List<int[]> parts = List.of(plan.order(), plan.begin(), plan.id(), plan.firstPiece());
    int[] all = new int[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (int[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    DeviceMemory memory = scope.allocate((long) Integer.BYTES * all.length);
    scope.gpu().copyIn(MemorySegment.ofArray(all), memory);
    return memory;
  }
}
