package dev.diptych.tensor.op;

import dev.diptych.kernels.l2normalize.L2NormalizeCpu;
import dev.diptych.kernels.l2normalize.L2NormalizeCuda;
import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** Rows brought to length one (CLIP paper, figure 3: {@code l2_normalize}). */
public final class L2Normalize {
  private L2Normalize() {}

  /**
   * What a forward pass makes.
   *
   * @param y the result, of x's shape
   * @param inverseNorm 1/‖x‖ of each row, (N)
   */
  public record Result(Tensor y, Tensor inverseNorm) {}

  /**
   * y = x/‖x‖, each row of the innermost axis by itself; a row of zeros stays zero.
   *
   * @param x (…, C)
   * @throws ShapeException if x has no axis
   */
  public static Result forward(TensorScope scope, Tensor x) {
    ShapeException.requireRank("l2_normalize", "x", 1, x);
    Result result =
        new Result(scope.allocateLike(x, x.shape()), scope.allocateF32(Shape.of(x.shape().rows())));
    switch (x.storage()) {
      case HostStorage host ->
          L2NormalizeCpu.forward(
              dims(x), x.floats(), result.y.floats(), result.inverseNorm.floats());
      case CudaStorage cuda ->
          L2NormalizeCuda.forward(
              cuda.gpu(),
              dims(x),
              x.precision(),
              x.memory(),
              result.y.memory(),
              result.inverseNorm.memory());
    }
    return result;
  }

  /**
   * The gradient of x.
   *
   * @param saved what {@link #forward} returned
   * @param dy (…, C)
   */
  public static Tensor backward(TensorScope scope, Result saved, Tensor dy) {
    Tensor y = saved.y;
    ShapeException.require("l2_normalize", "dy", "(…, C)", y.shape(), "to match x", dy);
    Tensor dx = scope.allocateLike(y, y.shape());
    switch (y.storage()) {
      case HostStorage host ->
          L2NormalizeCpu.backward(
              dims(y), y.floats(), saved.inverseNorm.floats(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          L2NormalizeCuda.backward(
              cuda.gpu(),
              dims(y),
              y.precision(),
              y.memory(),
              saved.inverseNorm.memory(),
              dy.memory(y.precision()),
              dx.memory());
    }
    return dx;
  }

  private static L2NormalizeDims dims(Tensor x) {
    return new L2NormalizeDims(x.shape().rows(), x.dim(-1));
  }
}
