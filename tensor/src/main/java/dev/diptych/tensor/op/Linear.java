package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.reduce.ReduceCpu;
import dev.diptych.kernels.reduce.ReduceCuda;
import dev.diptych.kernels.reduce.ReduceDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/** y = x·Wᵀ + b, alone or fused with a residual (an epilogue of matmul). */
public final class Linear {
  private Linear() {}

  /**
   * y = x·Wᵀ + b.
   *
   * @param x (…, K)
   * @param w (N, K)
   * @param b (N)
   * @throws ShapeException if the shapes do not fit
   */
  public static Tensor forward(TensorScope scope, Tensor x, Tensor w, Tensor b) {
    check(x, w, b);
    Tensor y = scope.allocateLike(x, x.shape().with(-1, w.dim(0)));
    switch (x.storage()) {
      case HostStorage host -> run(x, w, y, new Epilogue.Bias(b.floats()));
      case CudaStorage cuda -> run(cuda, x, w, y, new CudaEpilogue.Bias(bias(b)));
    }
    return y;
  }

  /**
   * y = activation(x·Wᵀ + b), for {@link Mlp}.
   *
   * @param preActivation (…, N), receives x·Wᵀ + b; null if nobody needs it
   * @throws ShapeException if the shapes do not fit
   */
  static Tensor forwardActivated(
      TensorScope scope,
      Tensor x,
      Tensor w,
      Tensor b,
      Activation activation,
      @Nullable Tensor preActivation) {
    check(x, w, b);
    Tensor y = scope.allocateLike(x, x.shape().with(-1, w.dim(0)));
    switch (x.storage()) {
      case HostStorage host ->
          run(
              x,
              w,
              y,
              new Epilogue.BiasActivation(
                  b.floats(), activation, preActivation == null ? null : preActivation.floats()));
      case CudaStorage cuda ->
          run(
              cuda,
              x,
              w,
              y,
              new CudaEpilogue.BiasActivation(
                  bias(b), activation, preActivation == null ? null : preActivation.memory()));
    }
    return y;
  }

  /**
   * y = residual + x·Wᵀ + b.
   *
   * @param residual (…, N)
   * @throws ShapeException if the shapes do not fit
   */
  public static Tensor forwardResidual(
      TensorScope scope, Tensor x, Tensor w, Tensor b, Tensor residual) {
    check(x, w, b);
    Shape shape = x.shape().with(-1, w.dim(0));
    ShapeException.require(
        "linear", "residual", "(…, N)", shape, "to match x " + x.shape(), residual);
    Tensor y = scope.allocateLike(x, shape);
    switch (x.storage()) {
      case HostStorage host ->
          run(x, w, y, new Epilogue.BiasResidual(b.floats(), residual.floats()));
      case CudaStorage cuda ->
          run(
              cuda,
              x,
              w,
              y,
              new CudaEpilogue.BiasResidual(bias(b), residual.memory(x.precision())));
    }
    return y;
  }

  /** The gradient of x: dy·W, (…, K). */
  public static Tensor backwardInput(TensorScope scope, Tensor x, Tensor w, Tensor dy) {
    Tensor dx = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host ->
          MatmulCpu.backwardA(dims(x, w), w.floats(), dy.floats(), dx.floats(), Epilogue.NONE);
      case CudaStorage cuda ->
          MatmulCuda.backwardA(
              cuda.gpu(),
              dims(x, w),
              x.precision(),
              w.memory(x.precision()),
              dy.memory(x.precision()),
              dx.memory(),
              x.precision(),
              CudaEpilogue.NONE);
    }
    return dx;
  }

  /** Adds the gradient of the weights: dw += dyᵀ·x. */
  public static void backwardWeights(Tensor x, Tensor w, Tensor dy, Tensor dw) {
    switch (x.storage()) {
      case HostStorage host ->
          MatmulCpu.backwardB(
              dims(x, w), x.floats(), dy.floats(), dw.floats(), Epilogue.ACCUMULATE);
      case CudaStorage cuda ->
          MatmulCuda.backwardB(
              cuda.gpu(),
              dims(x, w),
              x.precision(),
              x.memory(),
              dy.memory(x.precision()),
              dw.memory(Precision.F32),
              Precision.F32,
              CudaEpilogue.ACCUMULATE);
    }
  }

  /** Adds the gradient of the bias: db += Σ_rows dy. */
  public static void backwardBias(Tensor dy, Tensor db) {
    ReduceDims d = new ReduceDims(dy.shape().rows(), dy.dim(-1));
    switch (dy.storage()) {
      case HostStorage host -> ReduceCpu.sumRows(d, 1, dy.floats(), db.floats());
      case CudaStorage cuda ->
          ReduceCuda.sumRows(
              cuda.gpu(), d, dy.precision(), 1, dy.memory(), db.memory(Precision.F32));
    }
  }

  private static void run(Tensor x, Tensor w, Tensor y, Epilogue epilogue) {
    MatmulCpu.multiply(dims(x, w), x.floats(), w.floats(), y.floats(), epilogue);
  }

  private static void run(CudaStorage cuda, Tensor x, Tensor w, Tensor y, CudaEpilogue epilogue) {
    MatmulCuda.multiply(
        cuda.gpu(),
        dims(x, w),
        x.precision(),
        x.memory(),
        w.memory(x.precision()),
        y.memory(),
        y.precision(),
        epilogue);
  }

  private static DeviceMemory bias(Tensor b) {
    return b.memory(Precision.F32);
  }

  private static MatmulDims dims(Tensor x, Tensor w) {
    return MatmulDims.of(x.shape().rows(), w.dim(0), w.dim(1), false, true);
  }

  private static void check(Tensor x, Tensor w, Tensor b) {
    ShapeException.requireRank("linear", "x", 1, x);
    if (w.rank() != 2 || w.dim(1) != x.dim(-1)) {
      throw new ShapeException(
          "linear: w must be (N, K) with K=%d to match x %s, got %s"
              .formatted(x.dim(-1), x.shape(), w.shape()));
    }
    ShapeException.require("linear", "b", "(N)", Shape.of(w.dim(0)), "to match w " + w.shape(), b);
  }
}
