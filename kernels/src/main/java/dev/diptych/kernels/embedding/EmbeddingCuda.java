package dev.diptych.kernels.embedding;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;

/** Token embedding on a GPU; the kernels are in {@code embedding.cu}. */
public final class EmbeddingCuda {
  private static final TypedKernel FORWARD = kernel("embedding_forward");
  private static final TypedKernel PIECES = kernel("embedding_pieces");
  private static final Kernel JOIN = Kernel.of(EmbeddingCuda.class, "embedding", "embedding_join");
  private static final int THREADS = 128;
  private static final int WARP = 32;
  private static final int JOIN_WARPS = 16;
  private static final int PACK = 4;
  private static final int PACK_BYTES = PACK * Float.BYTES;

  /** What a large GPU holds at once; each takes several pieces. */
  private static final int MOST_BLOCKS = 132 * 16;

  private EmbeddingCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(EmbeddingCuda.class, "embedding", entry);
  }

  /** Whether rows of {@code c} elements, at the places of these arguments, are made of packs. */
  static boolean isPacked(int c, Arguments arguments) {
    return c % PACK == 0 && arguments.pointersAreMultiplesOf(PACK_BYTES);
  }

  /**
   * y_bt = table_id(b,t) + positions_t.
   *
   * @param precision of y
   * @param ids (B, T) ints, each in [0, V): the caller has checked
   * @param table (V, C), f32
   * @param positions (T, C), f32
   * @param y (B, T, C), written
   */
  public static void forward(
      Gpu gpu,
      EmbeddingDims d,
      Precision precision,
      DeviceMemory ids,
      DeviceMemory table,
      DeviceMemory positions,
      DeviceMemory y) {
    assert ids.floatCount() == d.tokens() && table.floatCount() == (long) d.v() * d.c();
    assert positions.floatCount() == (long) d.t() * d.c();
    assert precision.fits(y, (long) d.tokens() * d.c());
    boolean packed = isPacked(d.c(), new Arguments().pointer(table).pointer(positions).pointer(y));
    gpu.launch(
        FORWARD.in(precision),
        Launch.of(d.tokens(), THREADS),
        new Arguments()
            .pointer(ids)
            .pointer(table)
            .pointer(positions)
            .pointer(y)
            .int32(d.t())
            .int32(d.c())
            .int32(packed ? 1 : 0));
  }

  /**
   * dTable_id += Σ dy_bt over all places of the id; dPositions_t += Σ_b dy_bt.
   *
   * @param precision of dy
   * @param plan {@link EmbeddingPlan#packed} of the ids that were given to {@link #forward}, ints
   * @param dy (B, T, C)
   * @param dTable (V, C), f32, added to
   * @param dPositions (T, C), f32, added to
   */
  public static void backward(
      Gpu gpu,
      EmbeddingDims d,
      Precision precision,
      DeviceMemory plan,
      DeviceMemory dy,
      DeviceMemory dTable,
      DeviceMemory dPositions) {
    int tokens = d.tokens();
    int c = d.c();
    assert plan.bytes() == (long) Integer.BYTES * EmbeddingPlan.packedLength(tokens);
    assert precision.fits(dy, (long) tokens * c) && dTable.floatCount() == (long) d.v() * c;
    assert dPositions.floatCount() == (long) d.t() * c;
    if (tokens == 0) {
      return;
    }
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats((long) EmbeddingPlan.mostSharedPieces(tokens) * c);
      DeviceMemory counts = from(plan, EmbeddingPlan.countsAt(tokens));
      int packed =
          isPacked(c, new Arguments().pointer(dy).pointer(partial).pointer(dTable)) ? 1 : 0;
      gpu.launch(
          PIECES.in(precision),
          Launch.of(Math.min(EmbeddingPlan.mostPieces(tokens, d.v()), MOST_BLOCKS), THREADS),
          new Arguments()
              .pointer(plan)
              .pointer(from(plan, EmbeddingPlan.beginAt(tokens)))
              .pointer(from(plan, EmbeddingPlan.targetAt(tokens)))
              .pointer(counts)
              .pointer(dy)
              .pointer(partial)
              .pointer(dTable)
              .int32(c)
              .int32(packed));
      int columns = Math.ceilDiv(c, WARP * (packed == 1 ? PACK : 1));
      int sharedIds = Math.min(EmbeddingPlan.mostSharedIds(tokens), d.v());
      gpu.launch(
          JOIN,
          Launch.of(0, WARP * JOIN_WARPS).withGrid(sharedIds, columns, 1),
          new Arguments()
              .pointer(from(plan, EmbeddingPlan.sharedIdAt(tokens)))
              .pointer(from(plan, EmbeddingPlan.firstSharedAt(tokens)))
              .pointer(counts)
              .pointer(partial)
              .pointer(dTable)
              .int32(c)
              .int32(packed));
    }
    ReduceCuda.sumRows(gpu, new ReduceDims(d.b(), d.t() * c), precision, 1, dy, dPositions);
  }

  /** The ints of a plan from number {@code first} on. */
  private static DeviceMemory from(DeviceMemory plan, int first) {
    long at = (long) Integer.BYTES * first;
    return plan.slice(at, plan.bytes() - at);
  }
}
