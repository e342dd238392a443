package dev.diptych.tensor.op;

import dev.diptych.kernels.softmax.SoftmaxCpu;
import dev.diptych.kernels.softmax.SoftmaxCuda;
import dev.diptych.kernels.softmax.SoftmaxDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** Softmax and log-softmax over the innermost axis. */
public final class Softmax {
  private Softmax() {}

  /**
   * y = exp(x)/Σ exp(x), each row of the innermost axis by itself.
   *
   * @param x (…, C)
   * @throws ShapeException if x has no axis
   */
  public static Tensor forward(TensorScope scope, Tensor x) {
    ShapeException.requireRank("softmax", "x", 1, x);
    Tensor y = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host -> SoftmaxCpu.forward(dims(x), x.floats(), y.floats());
      case CudaStorage cuda ->
          SoftmaxCuda.forward(cuda.gpu(), dims(x), x.precision(), x.memory(), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x.
   *
   * @param y what {@link #forward} returned
   * @param dy (…, C)
   * @throws ShapeException if dy is not of y's shape
   */
  public static Tensor backward(TensorScope scope, Tensor y, Tensor dy) {
    ShapeException.require("softmax", "dy", "(…, C)", y.shape(), "to match y", dy);
    Tensor dx = scope.allocateLike(y, y.shape());
    switch (y.storage()) {
      case HostStorage host -> SoftmaxCpu.backward(dims(y), y.floats(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          SoftmaxCuda.backward(
              cuda.gpu(),
              dims(y),
              y.precision(),
              y.memory(),
              dy.memory(y.precision()),
              dx.memory());
    }
    return dx;
  }

  /**
   * y = x − log Σ exp(x), each row of the innermost axis by itself.
   *
   * @param x (…, C)
   * @throws ShapeException if x has no axis
   */
  public static Tensor logForward(TensorScope scope, Tensor x) {
    ShapeException.requireRank("log_softmax", "x", 1, x);
    Tensor y = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host -> SoftmaxCpu.logForward(dims(x), x.floats(), y.floats());
      case CudaStorage cuda ->
          SoftmaxCuda.logForward(cuda.gpu(), dims(x), x.precision(), x.memory(), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x.
   *
   * @param y what {@link #logForward} returned
   * @param dy (…, C)
   * @throws ShapeException if dy is not of y's shape
   */
  public static Tensor logBackward(TensorScope scope, Tensor y, Tensor dy) {
    ShapeException.require("log_softmax", "dy", "(…, C)", y.shape(), "to match y", dy);
    Tensor dx = scope.allocateLike(y, y.shape());
    switch (y.storage()) {
      case HostStorage host ->
          SoftmaxCpu.logBackward(dims(y), y.floats(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          SoftmaxCuda.logBackward(
              cuda.gpu(),
              dims(y),
              y.precision(),
              y.memory(),
              dy.memory(y.precision()),
              dx.memory());
    }
    return dx;
  }

  private static SoftmaxDims dims(Tensor x) {
    return new SoftmaxDims(x.shape().rows(), x.dim(-1));
  }
}
