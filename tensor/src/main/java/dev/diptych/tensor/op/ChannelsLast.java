package dev.diptych.tensor.op;

import dev.diptych.kernels.channelslast.ChannelsLastCpu;
import dev.diptych.kernels.channelslast.ChannelsLastCuda;
import dev.diptych.kernels.channelslast.ChannelsLastDims;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** Pictures from planes of one channel each to pixels of all channels. */
public final class ChannelsLast {
  private ChannelsLast() {}

  /**
   * y_b,h,w,c = x_b,c,h,w.
   *
   * @param x (B, C, H, W), f32
   * @return (B, H, W, C)
   * @throws ShapeException if x is not of four axes
   */
  public static Tensor forward(TensorScope scope, Tensor x) {
    if (x.rank() != 4) {
      throw new ShapeException("channels_last: x must be (B, C, H, W), got " + x.shape());
    }
    Tensor y = scope.allocate(Shape.of(x.dim(0), x.dim(2), x.dim(3), x.dim(1)));
    switch (x.storage()) {
      case HostStorage host -> ChannelsLastCpu.forward(dims(y.shape()), x.floats(), y.floats());
      case CudaStorage cuda ->
          ChannelsLastCuda.forward(
              cuda.gpu(), dims(y.shape()), y.precision(), x.memory(Precision.F32), y.memory());
    }
    return y;
  }

  /**
   * The gradient of x, (B, C, H, W).
   *
   * @param dy (B, H, W, C)
   */
  public static Tensor backward(TensorScope scope, Tensor dy) {
    Tensor dx = scope.allocateF32(Shape.of(dy.dim(0), dy.dim(3), dy.dim(1), dy.dim(2)));
    switch (dy.storage()) {
      case HostStorage host -> ChannelsLastCpu.backward(dims(dy.shape()), dy.floats(), dx.floats());
      case CudaStorage cuda ->
          ChannelsLastCuda.backward(
              cuda.gpu(), dims(dy.shape()), dy.precision(), dy.memory(), dx.memory());
    }
    return dx;
  }

  private static ChannelsLastDims dims(Shape last) {
    return new ChannelsLastDims(last.dim(0), last.dim(3), last.dim(1) * last.dim(2));
  }
}
