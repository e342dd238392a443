package dev.diptych.kernels.layernorm;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.RowKernels;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.reduce.ReduceCuda;

/** Layer normalisation on a GPU; the kernels are in {@code layernorm.cu}. */
public final class LayerNormCuda {
  private static final RowKernels FORWARD = kernels("layernorm_forward");
  private static final RowKernels BACKWARD = kernels("layernorm_backward");
  private static final TypedKernel WEIGHTS_WIDE =
      RowKernels.ofWidth(LayerNormCuda.class, "layernorm", "layernorm_weights", "wide");

  /** Of a block of the backward pass. */
  private static final int WARPS = 4;

  /** Few blocks write few partial sums; but there must be enough to fill a GPU. */
  private static final int LEAST_ROWS_PER_WARP = 4;

  /** Twice what an H100 holds at once of the widest kernel: 132 multiprocessors, three blocks. */
  private static final int MOST_WARPS = 2 * 132 * 3 * WARPS;

  private LayerNormCuda() {}

  private static RowKernels kernels(String entry) {
    return new RowKernels(LayerNormCuda.class, "layernorm", entry);
  }

  /**
   * y = (x − μ)·rstd·w + b.
   *
   * @param x (N, C)
   * @param w (C), f32
   * @param b (C), f32
   * @param y (N, C), written; may be x
   * @param mean (N), f32, written
   * @param rstd (N), f32, written
   */
  public static void forward(
      Gpu gpu,
      LayerNormDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory w,
      DeviceMemory b,
      DeviceMemory y,
      DeviceMemory mean,
      DeviceMemory rstd) {
    assert precision.fits(x, (long) d.n() * d.c()) && y.bytes() == x.bytes();
    assert w.floatCount() == d.c() && b.floatCount() == d.c();
    assert mean.floatCount() == d.n() && rstd.floatCount() == d.n();
    FORWARD.launch(
        gpu,
        precision,
        d.n(),
        d.c(),
        new Arguments()
            .pointer(x)
            .pointer(w)
            .pointer(b)
            .pointer(y)
            .pointer(mean)
            .pointer(rstd)
            .int32(d.n())
            .int32(d.c())
            .float32(d.epsilon()));
  }

  /**
   * The gradients of {@link #forward}. dx is overwritten; dw and db, in f32, are added to.
   *
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy
   * @param dw (C), added to
   * @param db (C), added to
   */
  public static void backward(
      Gpu gpu,
      LayerNormDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory w,
      DeviceMemory mean,
      DeviceMemory rstd,
      DeviceMemory dy,
      DeviceMemory dx,
      DeviceMemory dw,
      DeviceMemory db) {
    assert dy.bytes() == x.bytes() && dx.bytes() == x.bytes();
    assert dw.floatCount() == d.c() && db.floatCount() == d.c();
    if (d.n() == 0) {
      return;
    }
    Arguments rows =
        new Arguments().pointer(x).pointer(w).pointer(mean).pointer(rstd).pointer(dy).pointer(dx);
    try (GpuScope scratch = gpu.scope()) {
      if (RowKernels.fitsWarp(d.c(), rows)) {
        int rowsPerWarp = Math.max(LEAST_ROWS_PER_WARP, Math.ceilDiv(d.n(), MOST_WARPS));
        int blocks = Math.ceilDiv(d.n(), rowsPerWarp * WARPS);
        DeviceMemory partial = scratch.floats(2L * blocks * d.c()); // (blocks, 2, C)
        gpu.launch(
            BACKWARD.narrow(precision, d.c()),
            Launch.of(blocks, 32 * WARPS).withShared(WARPS * d.c() * Float.BYTES),
            rows.pointer(partial).int32(d.n()).int32(d.c()).int32(rowsPerWarp));
        join(gpu, d, partial, blocks, dw, db);
      } else {
        Launch launch = ReduceCuda.chunks(d.n(), d.c());
        int chunks = launch.gridY();
        DeviceMemory partial = scratch.floats(2L * chunks * d.c()); // (chunks, 2, C)
        // First, because dx may be dy.
        gpu.launch(
            WEIGHTS_WIDE.in(precision),
            launch.withGrid(launch.gridX(), chunks, 2),
            new Arguments()
                .pointer(x)
                .pointer(mean)
                .pointer(rstd)
                .pointer(dy)
                .pointer(partial)
                .int32(d.n())
                .int32(d.c())
                .int32(ReduceCuda.rowsPerChunk(d.n())));
        gpu.launch(BACKWARD.wide(precision), Grids.blockPerRow(d.n()), rows.int32(d.c()));
        join(gpu, d, partial, chunks, dw, db);
      }
    }
  }

  private static void join(
      Gpu gpu,
      LayerNormDims d,
      DeviceMemory partial,
      int chunks,
      DeviceMemory dw,
      DeviceMemory db) {
    int c = d.c();
    ReduceCuda.joinChunks(gpu, partial, chunks, c, 2 * c, 1, dw);
    long rest = partial.floatCount() - c;
    ReduceCuda.joinChunks(gpu, partial.floats(c, rest), chunks, c, 2 * c, 1, db);
  }
}
