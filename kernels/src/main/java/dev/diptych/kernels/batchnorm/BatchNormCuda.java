package dev.diptych.kernels.batchnorm;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Fours;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;

/**
 * Batch normalisation on a GPU; the kernels are in {@code batchnorm.cu}. Which rows are summed with
 * which depends on the sizes alone, so the bits are the same on every GPU.
 */
public final class BatchNormCuda {
  private static final TypedKernel MOMENTS = typed("batchnorm_moments");
  private static final TypedKernel JOIN_MOMENTS = typed("batchnorm_join_moments");
  private static final Kernel UPDATE_RUNNING = kernel("batchnorm_update_running");
  private static final TypedKernel NORMALISE = typed("batchnorm_normalise");
  private static final TypedKernel PRODUCTS = typed("batchnorm_products");
  private static final Kernel JOIN_PRODUCTS = kernel("batchnorm_join_products");
  private static final TypedKernel BACKWARD = typed("batchnorm_backward");
  private static final TypedKernel SCALE = typed("batchnorm_scale");

  /** Rows of a thread that sums, and of one that maps: the numbers of rows.cuh. */
  private static final int SUM_ROWS = 32;

  private static final int MAP_ROWS = 8;

  /** A block joins few channels, so that there are blocks for few channels too. */
  private static final int JOIN_CHANNELS = 8;

  private static final int JOIN_THREADS = 512;
  private static final int THREADS = 256;

  private BatchNormCuda() {}

  private static Kernel kernel(String entry) {
    return Kernel.of(BatchNormCuda.class, "batchnorm", entry);
  }

  private static TypedKernel typed(String entry) {
    return TypedKernel.of(BatchNormCuda.class, "batchnorm", entry);
  }

  /**
   * The mean and the variance of each channel.
   *
   * @param x (N, C), N ≥ 1
   * @param mean (C), f32, written
   * @param variance (C), f32, written: divided by N
   */
  public static void statistics(
      Gpu gpu,
      BatchNormDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory mean,
      DeviceMemory variance) {
    assert d.n() >= 1 && precision.fits(x, size(d));
    assert mean.floatCount() == d.c() && variance.floatCount() == d.c();
    int chunks = blocks(d, SUM_ROWS);
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats(2L * chunks * d.c()); // (chunks, 2, C)
      gpu.launch(
          MOMENTS.in(precision),
          Fours.launch(chunks, d.c()),
          new Arguments().pointer(x).pointer(partial).int32(d.n()).int32(d.c()));
      gpu.launch(
          JOIN_MOMENTS.in(precision),
          join(d),
          new Arguments()
              .pointer(x)
              .pointer(partial)
              .pointer(mean)
              .pointer(variance)
              .int32(chunks)
              .int32(d.n())
              .int32(d.c())
              .int32(Fours.rows(d.c()) * SUM_ROWS));
    }
  }

  /**
   * running ← (1−m)·running + m·(mean, variance·N/(N−1)): the estimates for later use. All in f32.
   *
   * @param mean (C), of the batch
   * @param variance (C), of the batch, divided by N ≥ 2
   * @param momentum m, the weight of this batch
   * @param runningMean (C), updated
   * @param runningVariance (C), updated
   */
  public static void updateRunning(
      Gpu gpu,
      BatchNormDims d,
      DeviceMemory mean,
      DeviceMemory variance,
      double momentum,
      DeviceMemory runningMean,
      DeviceMemory runningVariance) {
    assert d.n() >= 2 && mean.floatCount() == d.c() && variance.floatCount() == d.c();
    assert runningMean.floatCount() == d.c() && runningVariance.floatCount() == d.c();
    gpu.launch(
        UPDATE_RUNNING,
        Launch.of(Math.ceilDiv(d.c(), THREADS), THREADS),
        new Arguments()
            .pointer(mean)
            .pointer(variance)
            .pointer(runningMean)
            .pointer(runningVariance)
            .int32(d.c())
            .float32((float) momentum)
            .float32((float) (d.n() / (d.n() - 1.0))));
  }

  /**
   * y = (x − μ)/√(σ² + ε)·w + b.
   *
   * @param x (N, C)
   * @param w (C), f32
   * @param b (C), f32
   * @param mean (C), f32, of the batch or running
   * @param variance (C), f32, of the batch or running
   * @param y (N, C), written; may be x
   */
  public static void normalise(
      Gpu gpu,
      BatchNormDims d,
      Precision precision,
      DeviceMemory x,
      DeviceMemory w,
      DeviceMemory b,
      DeviceMemory mean,
      DeviceMemory variance,
      DeviceMemory y) {
    assert precision.fits(x, size(d)) && y.bytes() == x.bytes();
    assert w.floatCount() == d.c() && b.floatCount() == d.c();
    assert mean.floatCount() == d.c() && variance.floatCount() == d.c();
    gpu.launch(
        NORMALISE.in(precision),
        Fours.launch(blocks(d, MAP_ROWS), d.c()),
        sizes(
            d,
            new Arguments()
                .pointer(x)
                .pointer(w)
                .pointer(b)
                .pointer(mean)
                .pointer(variance)
                .pointer(y)));
  }

  /**
   * The gradients of {@link #normalise}. dx is overwritten; dw and db, in f32, are added to.
   *
   * @param training whether mean and variance are those of x, and so functions of it
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy
   * @param dw (C), added to
   * @param db (C), added to
   */
  public static void backward(
      Gpu gpu,
      BatchNormDims d,
      Precision precision,
      boolean training,
      DeviceMemory x,
      DeviceMemory w,
      DeviceMemory mean,
      DeviceMemory variance,
      DeviceMemory dy,
      DeviceMemory dx,
      DeviceMemory dw,
      DeviceMemory db) {
    assert precision.fits(x, size(d)) && dy.bytes() == x.bytes() && dx.bytes() == x.bytes();
    assert w.floatCount() == d.c() && dw.floatCount() == d.c() && db.floatCount() == d.c();
    assert mean.floatCount() == d.c() && variance.floatCount() == d.c();
    if (d.n() == 0) {
      return;
    }
    int chunks = blocks(d, SUM_ROWS);
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory partial = scratch.floats(2L * chunks * d.c()); // (chunks, 2, C)
      DeviceMemory terms = scratch.floats(2L * d.c());
      gpu.launch(
          PRODUCTS.in(precision),
          Fours.launch(chunks, d.c()),
          new Arguments()
              .pointer(x)
              .pointer(dy)
              .pointer(mean)
              .pointer(partial)
              .int32(d.n())
              .int32(d.c()));
      Arguments sums = new Arguments().pointer(partial).pointer(variance);
      sums.pointer(dw).pointer(db).pointer(terms).int32(chunks);
      gpu.launch(JOIN_PRODUCTS, join(d), sizes(d, sums));
      Launch map = Fours.launch(blocks(d, MAP_ROWS), d.c());
      if (training) {
        Arguments all = new Arguments().pointer(x).pointer(w).pointer(mean).pointer(variance);
        all.pointer(terms).pointer(dy).pointer(dx);
        gpu.launch(BACKWARD.in(precision), map, sizes(d, all));
      } else {
        Arguments all = new Arguments().pointer(w).pointer(variance).pointer(dy).pointer(dx);
        gpu.launch(SCALE.in(precision), map, sizes(d, all));
      }
    }
  }

  private static long size(BatchNormDims d) {
    return (long) d.n() * d.c();
  }

  private static Arguments sizes(BatchNormDims d, Arguments arguments) {
    return arguments.int32(d.n()).int32(d.c()).float32(d.epsilon());
  }

  private static int blocks(BatchNormDims d, int rowsOfThread) {
    return Math.ceilDiv(d.n(), Fours.rows(d.c()) * rowsOfThread);
  }

  private static Launch join(BatchNormDims d) {
    int blocks = Math.ceilDiv(d.c(), JOIN_CHANNELS);
    return new Launch(blocks, 1, 1, JOIN_CHANNELS, JOIN_THREADS / JOIN_CHANNELS, 1, 0);
  }
}
