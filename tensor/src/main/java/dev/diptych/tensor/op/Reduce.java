package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.reduce.ReduceCpu;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/**
 * Sums and maxima. A factor stands before every sum: 1 for the sum itself, 1/count for the mean.
 * Rows are what remains when all axes but the innermost are taken as one: x is (N, C). Results are
 * f32, and so must x be, on a GPU too.
 */
public final class Reduce {
  private Reduce() {}

  /**
   * What a maximum makes.
   *
   * @param value the largest elements
   * @param index where they are along the innermost axis
   */
  public record Max(Tensor value, IntTensor index) {}

  /**
   * factor·Σ x over all elements, of shape ().
   *
   * @param x of any shape
   */
  public static Tensor sum(TensorScope scope, Tensor x, float factor) {
    Tensor y = scope.allocateF32(Shape.scalar());
    switch (x.storage()) {
      case HostStorage host -> y.floats().fill(ReduceCpu.sum(x.floats(), factor));
      case CudaStorage cuda ->
          ReduceCuda.sum(cuda.gpu(), x.precision(), factor, x.memory(), y.memory());
    }
    return y;
  }

  /** The gradient of {@link #sum}: factor·dy at every element of {@code shape}. */
  public static Tensor sumBackward(TensorScope scope, Shape shape, float factor, Tensor dy) {
    Tensor dx = scope.allocateF32(shape);
    switch (dy.storage()) {
      case HostStorage host ->
          ReduceCpu.sumRowsBackward(
              new ReduceDims(shape.size(), 1), factor, dy.floats(), dx.floats());
      case CudaStorage cuda ->
          ReduceCuda.sumRowsBackward(
              cuda.gpu(), new ReduceDims(shape.size(), 1), factor, f32(dy), dx.memory());
    }
    return dx;
  }

  /**
   * factor·Σ over the rows, of shape (C).
   *
   * @param x (…, C)
   * @throws ShapeException if x is a scalar
   */
  public static Tensor sumRows(TensorScope scope, Tensor x, float factor) {
    ShapeException.requireRank("sum_rows", "x", 1, x);
    Tensor y = scope.zerosF32(Shape.of(x.dim(-1)));
    switch (x.storage()) {
      case HostStorage host -> ReduceCpu.sumRows(dims(x.shape()), factor, x.floats(), y.floats());
      case CudaStorage cuda ->
          ReduceCuda.sumRows(
              cuda.gpu(), dims(x.shape()), x.precision(), factor, x.memory(), y.memory());
    }
    return y;
  }

  /** The gradient of {@link #sumRows}: factor·dy in every row of {@code shape}; dy (C). */
  public static Tensor sumRowsBackward(TensorScope scope, Shape shape, float factor, Tensor dy) {
    Tensor dx = scope.allocateF32(shape);
    switch (dy.storage()) {
      case HostStorage host ->
          ReduceCpu.sumRowsBackward(dims(shape), factor, dy.floats(), dx.floats());
      case CudaStorage cuda ->
          ReduceCuda.sumRowsBackward(cuda.gpu(), dims(shape), factor, f32(dy), dx.memory());
    }
    return dx;
  }

  /**
   * factor·Σ over the innermost axis, of x's shape without it.
   *
   * @param x (…, C)
   * @throws ShapeException if x is a scalar
   */
  public static Tensor sumColumns(TensorScope scope, Tensor x, float factor) {
    ShapeException.requireRank("sum_columns", "x", 1, x);
    Tensor y = scope.allocateF32(withoutLast(x.shape()));
    switch (x.storage()) {
      case HostStorage host ->
          ReduceCpu.sumColumns(dims(x.shape()), factor, x.floats(), y.floats());
      case CudaStorage cuda ->
          ReduceCuda.sumColumns(cuda.gpu(), dims(x.shape()), factor, f32(x), y.memory());
    }
    return y;
  }

  /** The gradient of {@link #sumColumns}: factor·dy in every column of {@code shape}. */
  public static Tensor sumColumnsBackward(TensorScope scope, Shape shape, float factor, Tensor dy) {
    Tensor dx = scope.allocateF32(shape);
    switch (dy.storage()) {
      case HostStorage host ->
          ReduceCpu.sumColumnsBackward(dims(shape), factor, dy.floats(), dx.floats());
      case CudaStorage cuda ->
          ReduceCuda.sumColumnsBackward(cuda.gpu(), dims(shape), factor, f32(dy), dx.memory());
    }
    return dx;
  }

  /**
   * The largest element along the innermost axis and its index. Of equal ones the first wins; a NaN
   * is larger than everything.
   *
   * @param x (…, C), C ≥ 1
   * @throws ShapeException if x is a scalar or C = 0
   */
  public static Max max(TensorScope scope, Tensor x) {
    ShapeException.requireRank("max", "x", 1, x);
    if (x.dim(-1) == 0) {
      throw new ShapeException("max: the innermost axis of x must not be empty, got " + x.shape());
    }
    Shape shape = withoutLast(x.shape());
    Max max = new Max(scope.allocateF32(shape), IntTensor.allocate(scope, shape));
    switch (x.storage()) {
      case HostStorage host ->
          ReduceCpu.max(dims(x.shape()), x.floats(), max.value.floats(), max.index.data());
      case CudaStorage cuda ->
          ReduceCuda.max(
              cuda.gpu(), dims(x.shape()), f32(x), max.value.memory(), max.index.on(scope));
    }
    return max;
  }

  /**
   * The gradient of {@link #max}: dy at the maxima, 0 elsewhere.
   *
   * @param shape of x
   * @param index from {@link #max}
   */
  public static Tensor maxBackward(TensorScope scope, Shape shape, IntTensor index, Tensor dy) {
    Tensor dx = scope.allocateF32(shape);
    switch (dy.storage()) {
      case HostStorage host ->
          ReduceCpu.maxBackward(dims(shape), index.data(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          ReduceCuda.maxBackward(cuda.gpu(), dims(shape), index.on(scope), f32(dy), dx.memory());
    }
    return dx;
  }

  private static DeviceMemory f32(Tensor x) {
    return x.memory(Precision.F32);
  }

  private static ReduceDims dims(Shape shape) {
    return new ReduceDims(shape.rows(), shape.dim(-1));
  }

  private static Shape withoutLast(Shape shape) {
    return Shape.ofDims(java.util.Arrays.copyOf(shape.dims(), shape.rank() - 1));
  }
}
