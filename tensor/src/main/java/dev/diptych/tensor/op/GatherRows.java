package dev.diptych.tensor.op;

import dev.diptych.kernels.embedding.GatherCpu;
import dev.diptych.kernels.embedding.GatherDims;
import dev.diptych.tensor.HostStorage;
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
   * @param index B numbers in [0, T)
   * @return (B, C)
   * @throws ShapeException if x has other than three axes or there are not B numbers
   * @throws IllegalArgumentException if a number does not lie in [0, T)
   */
  public static Tensor forward(TensorScope scope, Tensor x, int[] index) {
    if (x.rank() != 3) {
      throw new ShapeException("gather_rows: x must be (B, T, C), got " + x.shape());
    }
    if (index.length != x.dim(0)) {
      throw new ShapeException(
          "gather_rows: index must have (B)=(%d) numbers to match x %s, got %d"
              .formatted(x.dim(0), x.shape(), index.length));
    }
    for (int b = 0; b < index.length; b++) {
      if (index[b] < 0 || index[b] >= x.dim(1)) {
        throw new IllegalArgumentException(
            "gather_rows: index must lie in 0..%d to match x %s, number %d is %d"
                .formatted(x.dim(1) - 1, x.shape(), b, index[b]));
      }
    }
    Tensor y = scope.allocate(Shape.of(x.dim(0), x.dim(2)));
    switch (x.storage()) {
      case HostStorage host -> GatherCpu.forward(dims(x.shape()), x.floats(), index, y.floats());
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
  public static Tensor backward(TensorScope scope, Shape shape, int[] index, Tensor dy) {
    Tensor dx = scope.allocate(shape);
    switch (dy.storage()) {
      case HostStorage host -> GatherCpu.backward(dims(shape), index, dy.floats(), dx.floats());
    }
    return dx;
  }

  private static GatherDims dims(Shape shape) {
    return new GatherDims(shape.dim(0), shape.dim(1), shape.dim(2));
  }
}
