package dev.diptych.tensor.op;

import dev.diptych.kernels.batchnorm.BatchNormCpu;
import dev.diptych.kernels.batchnorm.BatchNormCuda;
import dev.diptych.kernels.batchnorm.BatchNormDims;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** Batch normalisation of the innermost axis (Ioffe and Szegedy 2015). */
public final class BatchNorm {
  private BatchNorm() {}

  /**
   * Mean and variance of each channel.
   *
   * @param mean (C)
   * @param variance (C); of a batch: the biased one, divided by the number of rows
   */
  public record Statistics(Tensor mean, Tensor variance) {}

  /**
   * The statistics of a batch.
   *
   * @param x (…, C), at least two rows: one alone has no variance
   * @throws ShapeException if there are fewer
   */
  public static Statistics statistics(TensorScope scope, Tensor x) {
    ShapeException.requireRank("batch_norm", "x", 1, x);
    if (x.shape().rows() < 2) {
      throw new ShapeException(
          "batch_norm: training needs more than one value per channel, got x " + x.shape());
    }
    Shape channels = Shape.of(x.dim(-1));
    Statistics made = new Statistics(scope.allocateF32(channels), scope.allocateF32(channels));
    switch (x.storage()) {
      case HostStorage host ->
          BatchNormCpu.statistics(
              dims(x, 0), x.floats(), made.mean.floats(), made.variance.floats());
      case CudaStorage cuda ->
          BatchNormCuda.statistics(
              cuda.gpu(),
              dims(x, 0),
              x.precision(),
              x.memory(),
              made.mean.memory(),
              made.variance.memory());
    }
    return made;
  }

  /**
   * running ← (1−m)·running + m·batch, with the unbiased variance of the batch.
   *
   * @param rows from which the statistics of the batch were made
   * @param momentum m, the weight of this batch
   * @param running updated
   */
  public static void updateRunning(
      Statistics batch, int rows, double momentum, Statistics running) {
    switch (batch.mean.storage()) {
      case HostStorage host ->
          BatchNormCpu.updateRunning(
              new BatchNormDims(rows, batch.mean.size(), 0),
              batch.mean.floats(),
              batch.variance.floats(),
              momentum,
              running.mean.floats(),
              running.variance.floats());
      case CudaStorage cuda ->
          BatchNormCuda.updateRunning(
              cuda.gpu(),
              new BatchNormDims(rows, batch.mean.size(), 0),
              f32(batch.mean),
              f32(batch.variance),
              momentum,
              f32(running.mean),
              f32(running.variance));
    }
  }

  /**
   * y = (x − μ)/√(σ² + ε)·w + b.
   *
   * @param x (…, C)
   * @param w (C)
   * @param b (C)
   * @param statistics of the batch, or the running ones
   * @throws ShapeException if w, b or the statistics do not match x
   */
  public static Tensor forward(
      TensorScope scope, Tensor x, Tensor w, Tensor b, Statistics statistics, float epsilon) {
    ShapeException.requireRank("batch_norm", "x", 1, x);
    require("w", w, x);
    require("b", b, x);
    require("mean", statistics.mean, x);
    require("variance", statistics.variance, x);
    Tensor y = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host ->
          BatchNormCpu.normalise(
              dims(x, epsilon),
              x.floats(),
              w.floats(),
              b.floats(),
              statistics.mean.floats(),
              statistics.variance.floats(),
              y.floats());
      case CudaStorage cuda ->
          BatchNormCuda.normalise(
              cuda.gpu(),
              dims(x, epsilon),
              x.precision(),
              x.memory(),
              f32(w),
              f32(b),
              f32(statistics.mean),
              f32(statistics.variance),
              y.memory());
    }
    return y;
  }

  /**
   * The gradient of x; those of w and b are added to {@code dw} and {@code db}.
   *
   * @param statistics as given to {@link #forward}
   * @param training whether they are those of x, and so functions of it
   * @param dy (…, C)
   * @param dw (C), added to
   * @param db (C), added to
   */
  public static Tensor backward(
      TensorScope scope,
      Tensor x,
      Tensor w,
      Statistics statistics,
      boolean training,
      float epsilon,
      Tensor dy,
      Tensor dw,
      Tensor db) {
    ShapeException.require("batch_norm", "dy", "(…, C)", x.shape(), "to match x", dy);
    Tensor dx = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host ->
          BatchNormCpu.backward(
              dims(x, epsilon),
              training,
              x.floats(),
              w.floats(),
              statistics.mean.floats(),
              statistics.variance.floats(),
              dy.floats(),
              dx.floats(),
              dw.floats(),
              db.floats());
      case CudaStorage cuda ->
          BatchNormCuda.backward(
              cuda.gpu(),
              dims(x, epsilon),
              x.precision(),
              training,
              x.memory(),
              f32(w),
              f32(statistics.mean),
              f32(statistics.variance),
              dy.memory(x.precision()),
              dx.memory(),
              f32(dw),
              f32(db));
    }
    return dx;
  }

  private static DeviceMemory f32(Tensor x) {
    return x.memory(Precision.F32);
  }

  private static void require(String name, Tensor tensor, Tensor x) {
    ShapeException.require(
        "batch_norm", name, "(C)", Shape.of(x.dim(-1)), "to match x " + x.shape(), tensor);
  }

  private static BatchNormDims dims(Tensor x, float epsilon) {
    return new BatchNormDims(x.shape().rows(), x.dim(-1), epsilon);
  }
}
