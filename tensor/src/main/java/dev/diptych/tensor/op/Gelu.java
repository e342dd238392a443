package dev.diptych.tensor.op;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCpu;
import dev.diptych.kernels.gelu.GeluDims;
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
    Tensor y = scope.allocate(x.shape());
    switch (x.storage()) {
      case HostStorage host ->
          GeluCpu.forward(new GeluDims(x.size(), activation), x.floats(), y.floats());
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
    Tensor dx = scope.allocate(shape);
    switch (x.storage()) {
      case HostStorage host ->
          GeluCpu.backward(
              new GeluDims(x.size(), activation), x.floats(), dy.floats(), dx.floats());
    }
    return dx;
  }
}
