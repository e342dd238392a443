package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCpu;
import dev.diptych.kernels.gelu.GeluDims;
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
import org.jspecify.annotations.Nullable;

/**
 * The network of a Transformer block, y = residual + activation(x·W1ᵀ + b1)·W2ᵀ + b2: two {@link
 * Linear} maps that share what lies between them. H is the width of that.
 */
public final class Mlp {
  private Mlp() {}

  /**
   * What a backward pass needs of the forward.
   *
   * @param preActivation x·W1ᵀ + b1, (…, H)
   * @param hidden activation(preActivation), (…, H); {@link #backwardHidden} puts a gradient there
   */
  public record Saved(Tensor preActivation, Tensor hidden) {}

  /**
   * What a forward pass makes.
   *
   * @param y (…, N)
   * @param saved null if not asked for
   */
  public record Result(Tensor y, @Nullable Saved saved) {}

  /**
   * y = residual + activation(x·W1ᵀ + b1)·W2ᵀ + b2.
   *
   * @param x (…, K)
   * @param w1 (H, K)
   * @param b1 (H)
   * @param w2 (N, H)
   * @param b2 (N)
   * @param residual (…, N)
   * @param save whether a backward pass will follow
   * @throws ShapeException if the shapes do not fit
   */
  public static Result forward(
      TensorScope scope,
      Tensor x,
      Tensor w1,
      Tensor b1,
      Activation activation,
      Tensor w2,
      Tensor b2,
      Tensor residual,
      boolean save) {
    check(x, w1, b1, w2, b2, residual);
    Shape inside = x.shape().with(-1, w1.dim(0)); // (…, H)
    Tensor preActivation = save ? scope.allocateLike(x, inside) : null;
    Tensor hidden = Linear.forwardActivated(scope, x, w1, b1, activation, preActivation);
    Tensor y = Linear.forwardResidual(scope, hidden, w2, b2, residual);
    if (preActivation == null) {
      scope.release(hidden);
      return new Result(y, null);
    }
    return new Result(y, new Saved(preActivation, hidden));
  }

  /**
   * The gradient of the pre-activation, (dy·W2)·activation′(preActivation), (…, H). It takes the
   * place of {@code saved.hidden()}, whose last use, the gradient of W2, must be over.
   *
   * @param dy (…, N)
   * @param db1 (H), added to: Σ_rows of the result, on a GPU in bf16 before it is rounded; null if
   *     nobody wants it
   */
  public static Tensor backwardHidden(
      Saved saved, Tensor w2, Activation activation, Tensor dy, @Nullable Tensor db1) {
    Tensor z = saved.preActivation;
    Tensor dz = saved.hidden;
    MatmulDims d = MatmulDims.of(dy.shape().rows(), w2.dim(1), w2.dim(0), false, false);
    switch (dz.storage()) {
      case HostStorage host -> {
        MatmulCpu.multiply(d, dy.floats(), w2.floats(), dz.floats(), Epilogue.NONE);
        GeluDims each = new GeluDims(dz.size(), activation);
        GeluCpu.backward(each, z.floats(), dz.floats(), dz.floats());
        if (db1 != null) {
          Linear.backwardBias(dz, db1);
        }
      }
      case CudaStorage cuda -> {
        Gpu gpu = cuda.gpu();
        Precision precision = dz.precision();
        DeviceMemory g = dy.memory(precision);
        DeviceMemory w = w2.memory(precision);
        CudaEpilogue gradient =
            new CudaEpilogue.ActivationGradient(z.memory(precision), activation);
        if (db1 == null) {
          MatmulCuda.multiply(gpu, d, precision, g, w, dz.memory(), precision, gradient);
        } else {
          MatmulCuda.multiplyAndSumColumns(
              gpu, d, precision, g, w, dz.memory(), precision, gradient, db1.memory(Precision.F32));
        }
      }
    }
    return dz;
  }

  private static void check(Tensor x, Tensor w1, Tensor b1, Tensor w2, Tensor b2, Tensor residual) {
    ShapeException.requireRank("mlp", "x", 1, x);
    requireMatrix("w1", "(H, K) with K", x.dim(-1), "x " + x.shape(), w1);
    requireMatrix("w2", "(N, H) with H", w1.dim(0), "w1 " + w1.shape(), w2);
    ShapeException.require(
        "mlp", "b1", "(H)", Shape.of(w1.dim(0)), "to match w1 " + w1.shape(), b1);
    ShapeException.require(
        "mlp", "b2", "(N)", Shape.of(w2.dim(0)), "to match w2 " + w2.shape(), b2);
    String others = "to match x " + x.shape() + " and w2 " + w2.shape();
    Shape shape = x.shape().with(-1, w2.dim(0));
    ShapeException.require("mlp", "residual", "(…, N)", shape, others, residual);
  }

  private static void requireMatrix(String name, String dims, int inner, String like, Tensor w) {
    if (w.rank() != 2 || w.dim(1) != inner) {
      throw new ShapeException(
          "mlp: %s must be %s=%d to match %s, got %s"
              .formatted(name, dims, inner, like, w.shape()));
    }
  }
}
