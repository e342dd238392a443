package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.meantoken.MeanTokenCpu;
import dev.diptych.kernels.meantoken.MeanTokenCuda;
import dev.diptych.kernels.meantoken.MeanTokenDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** The tokens of attention pooling: the mean in front, and positions added. */
public final class MeanToken {
  private MeanToken() {}

  /**
   * y_b,0 = pos_0 + mean_t x_b,t; y_b,1+t = pos_1+t + x_b,t.
   *
   * @param x (B, T, C), T ≥ 1
   * @param positions (1+T, C)
   * @return (B, 1+T, C)
   * @throws ShapeException if the shapes do not fit
   */
  public static Tensor forward(TensorScope scope, Tensor x, Tensor positions) {
    if (x.rank() != 3 || x.dim(1) < 1) {
      throw new ShapeException("mean_token: x must be (B, T, C) with T ≥ 1, got " + x.shape());
    }
    Shape table = Shape.of(x.dim(1) + 1, x.dim(2));
    ShapeException.require(
        "mean_token", "positions", "(1+T, C)", table, "to match x " + x.shape(), positions);
    Tensor y = scope.allocateLike(x, Shape.of(x.dim(0), x.dim(1) + 1, x.dim(2)));
    switch (x.storage()) {
      case HostStorage host ->
          MeanTokenCpu.forward(dims(x.shape()), x.floats(), positions.floats(), y.floats());
      case CudaStorage cuda ->
          MeanTokenCuda.forward(
              cuda.gpu(),
              dims(x.shape()),
              x.precision(),
              x.memory(),
              positions.memory(Precision.F32),
              y.memory());
    }
    return y;
  }

  /**
   * The gradient of x; that of the positions is added to {@code dPositions}.
   *
   * @param shape of x
   * @param dy (B, 1+T, C)
   * @param dPositions (1+T, C), added to
   */
  public static Tensor backward(TensorScope scope, Shape shape, Tensor dy, Tensor dPositions) {
    Tensor dx = scope.allocateLike(dy, shape);
    switch (dy.storage()) {
      case HostStorage host ->
          MeanTokenCpu.backward(dims(shape), dy.floats(), dx.floats(), dPositions.floats());
      case CudaStorage cuda ->
          MeanTokenCuda.backward(
              cuda.gpu(),
              dims(shape),
              dy.precision(),
              dy.memory(),
              dx.memory(),
              dPositions.memory(Precision.F32));
    }
    return dx;
  }

  private static MeanTokenDims dims(Shape x) {
    return new MeanTokenDims(x.dim(0), x.dim(1), x.dim(2));
  }
}
