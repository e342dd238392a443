package dev.diptych.tensor.op;

import dev.diptych.kernels.embedding.GatherCpu;
import dev.diptych.kernels.embedding.GatherCuda;
import dev.diptych.kernels.embedding.GatherDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** One row per batch item: the class token of a picture, the end token of a text. */
public final class GatherRows {
  private GatherRows() {}

  /**
   * y_b = x_b,index(b).
   *
   * @param x (B, T, C)
   * @param index (B), each in [0, T)
   * @return (B, C)
   * @throws ShapeException if x has other than three axes or there are not B numbers
   * @throws IllegalArgumentException if a number does not lie in [0, T)
   */
  public static Tensor forward(TensorScope scope, Tensor x, IntTensor index) {
    if (x.rank() != 3) {
      throw new ShapeException("gather_rows: x must be (B, T, C), got " + x.shape());
    }
    if (!index.shape().equals(Shape.of(x.dim(0)))) {
      throw new ShapeException(
          "gather_rows: index must be (B)=(%d) to match x %s, got %s"
              .formatted(x.dim(0), x.shape(), index.shape()));
    }
    index.requireBelow("gather_rows", "index", x.dim(1));
    Tensor y = scope.allocateLike(x, Shape.of(x.dim(0), x.dim(2)));
    switch (x.storage()) {
      case HostStorage host ->
          GatherCpu.forward(dims(x.shape()), x.floats(), index.data(), y.floats());
      case CudaStorage cuda ->
          GatherCuda.forward(
              cuda.gpu(), dims(x.shape()), x.precision(), x.memory(), index.on(scope), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x: dy in the picked rows, 0 elsewhere.
   *
   * @param shape of x
   * @param index as given to {@link #forward}
   * @param dy (B, C)
   */
  public static Tensor backward(TensorScope scope, Shape shape, IntTensor index, Tensor dy) {
    Tensor dx = scope.allocateLike(dy, shape);
    switch (dy.storage()) {
      case HostStorage host ->
          GatherCpu.backward(dims(shape), index.data(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          GatherCuda.backward(
              cuda.gpu(), dims(shape), dy.precision(), index.on(scope), dy.memory(), dx.memory());
    }
    return dx;
  }

  private static GatherDims dims(Shape shape) {
    return new GatherDims(shape.dim(0), shape.dim(1), shape.dim(2));
  }
}
