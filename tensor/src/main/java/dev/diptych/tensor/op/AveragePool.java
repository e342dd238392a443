package dev.diptych.tensor.op;

import dev.diptych.kernels.averagepool.AveragePoolCpu;
import dev.diptych.kernels.averagepool.AveragePoolCuda;
import dev.diptych.kernels.averagepool.AveragePoolDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** Average pooling without overlap, of pictures whose channels are the innermost axis. */
public final class AveragePool {
  private AveragePool() {}

  /**
   * The mean of each square of K×K pixels; rows and columns left over count nowhere.
   *
   * @param x (B, H, W, C)
   * @param k height and width of a square, at least 1
   * @return (B, ⌊H/K⌋, ⌊W/K⌋, C)
   * @throws ShapeException if x is not of four axes
   */
  public static Tensor forward(TensorScope scope, Tensor x, int k) {
    AveragePoolDims d = dims(x.shape(), k);
    Tensor y = scope.allocateLike(x, Shape.of(d.b(), d.outHeight(), d.outWidth(), d.c()));
    switch (x.storage()) {
      case HostStorage host -> AveragePoolCpu.forward(d, x.floats(), y.floats());
      case CudaStorage cuda ->
          AveragePoolCuda.forward(cuda.gpu(), d, x.precision(), x.memory(), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x.
   *
   * @param shape of x
   * @param dy (B, ⌊H/K⌋, ⌊W/K⌋, C)
   */
  public static Tensor backward(TensorScope scope, Shape shape, int k, Tensor dy) {
    AveragePoolDims d = dims(shape, k);
    Tensor dx = scope.allocateLike(dy, shape);
    switch (dy.storage()) {
      case HostStorage host -> AveragePoolCpu.backward(d, dy.floats(), dx.floats());
      case CudaStorage cuda ->
          AveragePoolCuda.backward(cuda.gpu(), d, dy.precision(), dy.memory(), dx.memory());
    }
    return dx;
  }

  private static AveragePoolDims dims(Shape x, int k) {
    if (x.rank() != 4 || k < 1) {
      throw new ShapeException(
          "average_pool: x must be (B, H, W, C) and k at least 1, got %s and %d".formatted(x, k));
    }
    return new AveragePoolDims(x.dim(0), x.dim(1), x.dim(2), x.dim(3), k);
  }
}
