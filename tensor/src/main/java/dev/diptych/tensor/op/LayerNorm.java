package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.layernorm.LayerNormCpu;
import dev.diptych.kernels.layernorm.LayerNormCuda;
import dev.diptych.kernels.layernorm.LayerNormDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** Layer normalisation over the innermost axis (Ba et al. 2016). */
public final class LayerNorm {
  private LayerNorm() {}

  /**
   * What a forward pass makes.
   *
   * @param y the result, of x's shape
   * @param mean μ of each row, (N)
   * @param rstd 1/√(variance + ε) of each row, (N)
   */
  public record Result(Tensor y, Tensor mean, Tensor rstd) {}

  /**
   * y = (x − μ)·rstd·w + b, each row of the innermost axis by itself.
   *
   * @param x (…, C)
   * @param w (C)
   * @param b (C)
   * @throws ShapeException if w or b does not match x
   */
  public static Result forward(TensorScope scope, Tensor x, Tensor w, Tensor b, float epsilon) {
    ShapeException.requireRank("layer_norm", "x", 1, x);
    Shape channels = Shape.of(x.dim(-1));
    ShapeException.require("layer_norm", "w", "(C)", channels, "to match x " + x.shape(), w);
    ShapeException.require("layer_norm", "b", "(C)", channels, "to match x " + x.shape(), b);
    Shape rows = Shape.of(x.shape().rows());
    Result result =
        new Result(
            scope.allocateLike(x, x.shape()), scope.allocateF32(rows), scope.allocateF32(rows));
    switch (x.storage()) {
      case HostStorage host ->
          LayerNormCpu.forward(
              dims(x, epsilon),
              x.floats(),
              w.floats(),
              b.floats(),
              result.y.floats(),
              result.mean.floats(),
              result.rstd.floats());
      case CudaStorage cuda ->
          LayerNormCuda.forward(
              cuda.gpu(),
              dims(x, epsilon),
              x.precision(),
              x.memory(),
              w.memory(Precision.F32),
              b.memory(Precision.F32),
              result.y.memory(),
              result.mean.memory(),
              result.rstd.memory());
    }
    return result;
  }

  /**
   * The gradient of x; those of w and b are added to {@code dw} and {@code db}.
   *
   * @param saved what {@link #forward} returned
   * @param dy (…, C)
   * @param dw (C), added to
   * @param db (C), added to
   */
  public static Tensor backward(
      TensorScope scope,
      Tensor x,
      Tensor w,
      float epsilon,
      Result saved,
      Tensor dy,
      Tensor dw,
      Tensor db) {
    ShapeException.require("layer_norm", "dy", "(…, C)", x.shape(), "to match x", dy);
    Tensor dx = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host ->
          LayerNormCpu.backward(
              dims(x, epsilon),
              x.floats(),
              w.floats(),
              saved.mean.floats(),
              saved.rstd.floats(),
              dy.floats(),
              dx.floats(),
              dw.floats(),
              db.floats());
      case CudaStorage cuda ->
          LayerNormCuda.backward(
              cuda.gpu(),
              dims(x, epsilon),
              x.precision(),
              x.memory(),
              w.memory(Precision.F32),
              saved.mean.memory(),
              saved.rstd.memory(),
              dy.memory(x.precision()),
              dx.memory(),
              dw.memory(Precision.F32),
              db.memory(Precision.F32));
    }
    return dx;
  }

  private static LayerNormDims dims(Tensor x, float epsilon) {
    return new LayerNormDims(x.shape().rows(), x.dim(-1), epsilon);
  }
}
