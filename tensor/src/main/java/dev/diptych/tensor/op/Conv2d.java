package dev.diptych.tensor.op;

import dev.diptych.kernels.conv2d.Conv2dCpu;
import dev.diptych.kernels.conv2d.Conv2dCuda;
import dev.diptych.kernels.conv2d.Conv2dDims;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** Two-dimensional convolution of pictures whose channels are the innermost axis. */
public final class Conv2d {
  private Conv2d() {}

  /**
   * y_b,i,j,o = Σ_u,v,c W_o,c,u,v · x_b,(i·s+u−p),(j·s+v−p),c, without a bias.
   *
   * @param x (B, H, W, C)
   * @param w (O, C, KH, KW)
   * @param stride s, at least 1
   * @param padding p, rows and columns of zeros around x
   * @return (B, OH, OW, O) with OH = ⌊(H + 2p − KH)/s⌋ + 1, OW likewise
   * @throws ShapeException if the shapes do not fit or the kernel is larger than the picture
   */
  public static Tensor forward(TensorScope scope, Tensor x, Tensor w, int stride, int padding) {
    Conv2dDims d = check(x, w, stride, padding);
    Tensor y = scope.allocateLike(x, shape(d));
    switch (x.storage()) {
      case HostStorage host -> Conv2dCpu.forward(d, x.floats(), w.floats(), y.floats());
      case CudaStorage cuda ->
          Conv2dCuda.forward(
              cuda.gpu(), d, x.precision(), x.memory(), w.memory(x.precision()), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x.
   *
   * @param dy (B, OH, OW, O)
   */
  public static Tensor backwardInput(
      TensorScope scope, Tensor x, Tensor w, int stride, int padding, Tensor dy) {
    Conv2dDims d = checkGradient(x, w, stride, padding, dy);
    Tensor dx = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host -> Conv2dCpu.backwardInput(d, w.floats(), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          Conv2dCuda.backwardInput(
              cuda.gpu(),
              d,
              x.precision(),
              w.memory(x.precision()),
              dy.memory(x.precision()),
              dx.memory());
    }
    return dx;
  }

  /**
   * Adds the gradient of w.
   *
   * @param dy (B, OH, OW, O)
   * @param dw (O, C, KH, KW), added to
   */
  public static void backwardWeight(
      Tensor x, Tensor w, int stride, int padding, Tensor dy, Tensor dw) {
    Conv2dDims d = checkGradient(x, w, stride, padding, dy);
    switch (x.storage()) {
      case HostStorage host -> Conv2dCpu.backwardWeight(d, x.floats(), dy.floats(), dw.floats());
      case CudaStorage cuda ->
          Conv2dCuda.backwardWeight(
              cuda.gpu(),
              d,
              x.precision(),
              x.memory(),
              dy.memory(x.precision()),
              dw.memory(Precision.F32));
    }
  }

  private static Shape shape(Conv2dDims d) {
    return Shape.of(d.b(), d.outHeight(), d.outWidth(), d.o());
  }

  private static Conv2dDims checkGradient(Tensor x, Tensor w, int stride, int padding, Tensor dy) {
    Conv2dDims d = check(x, w, stride, padding);
    ShapeException.require(
        "conv2d", "dy", "(B, OH, OW, O)", shape(d), "to match x " + x.shape(), dy);
    return d;
  }

  private static Conv2dDims check(Tensor x, Tensor w, int stride, int padding) {
    if (x.rank() != 4) {
      throw new ShapeException("conv2d: x must be (B, H, W, C), got " + x.shape());
    }
    if (w.rank() != 4 || w.dim(1) != x.dim(3)) {
      throw new ShapeException(
          "conv2d: w must be (O, C, KH, KW) with C=%d to match x %s, got %s"
              .formatted(x.dim(3), x.shape(), w.shape()));
    }
    if (stride < 1 || padding < 0) {
      throw new ShapeException(
          "conv2d: the stride must be at least 1 and the padding at least 0, got %d and %d"
              .formatted(stride, padding));
    }
    int height = x.dim(1) + 2 * padding;
    int width = x.dim(2) + 2 * padding;
    if (w.dim(2) < 1 || w.dim(3) < 1 || w.dim(2) > height || w.dim(3) > width) {
      throw new ShapeException(
          "conv2d: a kernel of %d×%d does not fit into %d×%d pixels (x %s, padding %d)"
              .formatted(w.dim(2), w.dim(3), height, width, x.shape(), padding));
    }
    return new Conv2dDims(
        x.dim(0), x.dim(1), x.dim(2), x.dim(3), w.dim(0), w.dim(2), w.dim(3), stride, padding);
  }
}
