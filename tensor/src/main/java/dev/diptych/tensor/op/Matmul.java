package dev.diptych.tensor.op;

import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** The product of two matrices, each transposed or not. */
public final class Matmul {
  private Matmul() {}

  /**
   * y = op(a)·op(b), where op transposes if asked to.
   *
   * @param a (M, K), or (K, M) if transposed
   * @param b (K, N), or (N, K) if transposed
   * @return (M, N)
   * @throws ShapeException if these are not two matrices that fit
   */
  public static Tensor forward(
      TensorScope scope, Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
    MatmulDims dims = dims(a, transposeA, b, transposeB);
    Tensor y = scope.allocateLike(a, Shape.of(dims.m(), dims.n()));
    switch (a.storage()) {
      case HostStorage host ->
          MatmulCpu.multiply(dims, a.floats(), b.floats(), y.floats(), Epilogue.NONE);
      case CudaStorage cuda ->
          MatmulCuda.multiply(
              cuda.gpu(),
              dims,
              a.precision(),
              a.memory(),
              b.memory(a.precision()),
              y.memory(),
              y.precision(),
              CudaEpilogue.NONE);
    }
    return y;
  }

  /** The gradient of a, in its shape. */
  public static Tensor backwardA(
      TensorScope scope, Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor dy) {
    Tensor da = scope.allocateLike(a, a.shape());
    switch (a.storage()) {
      case HostStorage host ->
          MatmulCpu.backwardA(
              dims(a, transposeA, b, transposeB),
              b.floats(),
              dy.floats(),
              da.floats(),
              Epilogue.NONE);
      case CudaStorage cuda ->
          MatmulCuda.backwardA(
              cuda.gpu(),
              dims(a, transposeA, b, transposeB),
              a.precision(),
              b.memory(a.precision()),
              dy.memory(a.precision()),
              da.memory(),
              da.precision(),
              CudaEpilogue.NONE);
    }
    return da;
  }

  /** Adds the gradient of b to {@code db}. */
  public static void backwardB(
      Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor dy, Tensor db) {
    switch (a.storage()) {
      case HostStorage host ->
          MatmulCpu.backwardB(
              dims(a, transposeA, b, transposeB),
              a.floats(),
              dy.floats(),
              db.floats(),
              Epilogue.ACCUMULATE);
      case CudaStorage cuda ->
          MatmulCuda.backwardB(
              cuda.gpu(),
              dims(a, transposeA, b, transposeB),
              a.precision(),
              a.memory(),
              dy.memory(a.precision()),
              db.memory(),
              db.precision(),
              CudaEpilogue.ACCUMULATE);
    }
  }

  private static MatmulDims dims(Tensor a, boolean transposeA, Tensor b, boolean transposeB) {
    if (a.rank() != 2 || b.rank() != 2 || a.dim(transposeA ? 0 : 1) != b.dim(transposeB ? 1 : 0)) {
      throw new ShapeException(
          "matmul: a %s%s and b %s%s are not two matrices with one K"
              .formatted(
                  a.shape(),
                  transposeA ? " transposed" : "",
                  b.shape(),
                  transposeB ? " transposed" : ""));
    }
    return MatmulDims.of(
        a.dim(transposeA ? 1 : 0),
        b.dim(transposeB ? 0 : 1),
        a.dim(transposeA ? 0 : 1),
        transposeA,
        transposeB);
  }
}
