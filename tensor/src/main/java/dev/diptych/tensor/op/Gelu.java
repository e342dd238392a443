package dev.diptych.tensor.op;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCpu;
import dev.diptych.kernels.gelu.GeluCuda;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** QuickGELU and exact GELU (Hendrycks and Gimpel 2016), element by element. */
public final class Gelu {
  private Gelu() {}

  /**
   * y = activation(x).
   *
   * @param x of any shape
   */
  public static Tensor forward(TensorScope scope, Tensor x, Activation activation) {
    Tensor y = scope.allocateLike(x, x.shape());
    GeluDims d = new GeluDims(x.size(), activation);
    switch (x.storage()) {
      case HostStorage host -> GeluCpu.forward(d, x.floats(), y.floats());
      case CudaStorage cuda ->
          GeluCuda.forward(cuda.gpu(), d, x.precision(), x.memory(), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x.
   *
   * @param x as given to {@link #forward}
   * @param dy of x's shape
   * @throws ShapeException if dy does not match x
   */
  public static Tensor backward(TensorScope scope, Tensor x, Activation activation, Tensor dy) {
    Shape shape = x.shape();
    ShapeException.require("gelu", "dy", "(…)", shape, "to match x", dy);
    Tensor dx = scope.allocateLike(x, shape);
    GeluDims d = new GeluDims(x.size(), activation);
    switch (x.storage()) {
      case HostStorage host -> GeluCpu.backward(d, x.floats(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          GeluCuda.backward(
              cuda.gpu(), d, x.precision(), x.memory(), dy.memory(x.precision()), dx.memory());
    }
    return dx;
  }
}
