package dev.diptych.tensor.op;

import dev.diptych.kernels.relu.ReluCpu;
import dev.diptych.kernels.relu.ReluCuda;
import dev.diptych.kernels.relu.ReluDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** The rectifier, element by element (Nair and Hinton 2010). */
public final class Relu {
  private Relu() {}

  /**
   * y = max(x, 0).
   *
   * @param x of any shape
   */
  public static Tensor forward(TensorScope scope, Tensor x) {
    Tensor y = scope.allocateLike(x, x.shape());
    ReluDims d = new ReluDims(x.size());
    switch (x.storage()) {
      case HostStorage host -> ReluCpu.forward(d, x.floats(), y.floats());
      case CudaStorage cuda ->
          ReluCuda.forward(cuda.gpu(), d, x.precision(), x.memory(), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x.
   *
   * @param y what {@link #forward} returned
   * @param dy of y's shape
   * @throws ShapeException if dy does not match y
   */
  public static Tensor backward(TensorScope scope, Tensor y, Tensor dy) {
    ShapeException.require("relu", "dy", "(…)", y.shape(), "to match y", dy);
    Tensor dx = scope.allocateLike(y, y.shape());
    ReluDims d = new ReluDims(y.size());
    switch (y.storage()) {
      case HostStorage host -> ReluCpu.backward(d, y.floats(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          ReluCuda.backward(
              cuda.gpu(), d, y.precision(), y.memory(), dy.memory(y.precision()), dx.memory());
    }
    return dx;
  }
}
