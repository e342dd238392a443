package dev.diptych.tensor.op;

import dev.diptych.kernels.attention.AttentionCpu;
import dev.diptych.kernels.attention.AttentionCuda;
import dev.diptych.kernels.attention.AttentionDims;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2), without the linear
 * maps around it: on a packed projection qkv, or on separate q, k and v.
 */
public final class Attention {
  /**
   * q, k or v, or its gradient, from its first element to its last.
   *
   * @param of the tensor that it is a part of, or all of
   * @param first of its elements
   * @param length in elements, with what lies between its rows
   */
  private record Part(Tensor of, int first, int length) {
    static Part all(Tensor of) {
      return new Part(of, 0, of.size());
    }

    Floats floats() {
      return of.floats().slice(first, length);
    }

    DeviceMemory memory(Precision precision) {
      long bytes = precision.bytes();
      return of.memory(precision).slice(bytes * first, bytes * length);
    }
  }

  /** q, k and v, or their gradients, wherever they lie. */
  private record Parts(Part q, Part k, Part v) {
    static Parts separate(Tensor q, Tensor k, Tensor v) {
      return new Parts(Part.all(q), Part.all(k), Part.all(v));
    }

    static Parts packed(Tensor qkv, AttentionDims d) {
      return new Parts(packed(qkv, 0, d), packed(qkv, 1, d), packed(qkv, 2, d));
    }

    private static Part packed(Tensor qkv, int index, AttentionDims d) {
      return d.queryLength() == 0 ? Part.all(qkv) : new Part(qkv, index * d.c(), d.queryLength());
    }
  }

  private Attention() {}

  /**
   * What a forward pass makes.
   *
   * @param y the result, (B, Tq, C)
   * @param lse log Σ exp of each query's scores, (B, H, Tq)
   */
  public record Result(Tensor y, Tensor lse) {}

  /** The gradients of q, k and v, each of its operand's shape. */
  public record Gradients(Tensor dq, Tensor dk, Tensor dv) {}

  /**
   * Self-attention on a packed projection, read in place.
   *
   * @param qkv (B, T, 3·C): of each row first q, then k, then v, each of H heads side by side
   * @param heads H, a divisor of C
   * @param causal whether token t sees the tokens 0 to t alone
   * @param keyLengths (B) how many tokens of each sequence may be seen, or null for all
   * @throws ShapeException if qkv, heads and keyLengths do not fit together
   */
  public static Result forward(
      TensorScope scope, Tensor qkv, int heads, boolean causal, int @Nullable [] keyLengths) {
    AttentionDims d = packedDims(qkv, heads, causal);
    return forward(scope, d, Parts.packed(qkv, d), keyLengths);
  }

  /**
   * The gradient of qkv, (B, T, 3·C).
   *
   * @param saved what {@link #forward(TensorScope, Tensor, int, boolean, int[])} returned
   * @param dy (B, T, C)
   * @throws ShapeException if dy is not of y's shape
   */
  public static Tensor backward(
      TensorScope scope,
      Tensor qkv,
      int heads,
      boolean causal,
      int @Nullable [] keyLengths,
      Result saved,
      Tensor dy) {
    AttentionDims d = packedDims(qkv, heads, causal);
    ShapeException.require("attention", "dy", "(B, T, C)", saved.y.shape(), "to match y", dy);
    Tensor dqkv = scope.allocateLike(qkv, qkv.shape());
    backward(scope, d, Parts.packed(qkv, d), keyLengths, saved, dy, Parts.packed(dqkv, d));
    return dqkv;
  }

  /**
   * Attention of queries to keys and values from elsewhere.
   *
   * @param q (B, Tq, C), of H heads side by side
   * @param k (B, Tk, C)
   * @param v (B, Tk, C)
   * @param heads H, a divisor of C
   * @param keyLengths (B) how many keys of each sequence count, or null for all
   * @throws ShapeException if the operands do not fit together
   */
  public static Result forward(
      TensorScope scope, Tensor q, Tensor k, Tensor v, int heads, int @Nullable [] keyLengths) {
    AttentionDims d = separateDims(q, k, v, heads);
    return forward(scope, d, Parts.separate(q, k, v), keyLengths);
  }

  /**
   * The gradients of q, k and v.
   *
   * @param saved what {@link #forward(TensorScope, Tensor, Tensor, Tensor, int, int[])} returned
   * @param dy (B, Tq, C)
   * @throws ShapeException if dy is not of y's shape
   */
  public static Gradients backward(
      TensorScope scope,
      Tensor q,
      Tensor k,
      Tensor v,
      int heads,
      int @Nullable [] keyLengths,
      Result saved,
      Tensor dy) {
    AttentionDims d = separateDims(q, k, v, heads);
    ShapeException.require("attention", "dy", "(B, Tq, C)", saved.y.shape(), "to match y", dy);
    Gradients gradients =
        new Gradients(
            scope.allocateLike(q, q.shape()),
            scope.allocateLike(k, k.shape()),
            scope.allocateLike(v, v.shape()));
    Parts to = Parts.separate(gradients.dq, gradients.dk, gradients.dv);
    backward(scope, d, Parts.separate(q, k, v), keyLengths, saved, dy, to);
    return gradients;
  }

  private static Result forward(
      TensorScope scope, AttentionDims d, Parts in, int @Nullable [] keyLengths) {
    requireLengths(keyLengths, d);
    Result result =
        new Result(
            scope.allocateLike(in.q.of, Shape.of(d.b(), d.tq(), d.c())),
            scope.allocateF32(Shape.of(d.b(), d.h(), d.tq())));
    switch (in.q.of.storage()) {
      case HostStorage host ->
          AttentionCpu.forward(
              d,
              in.q.floats(),
              in.k.floats(),
              in.v.floats(),
              keyLengths,
              result.y.floats(),
              result.lse.floats());
      case CudaStorage cuda -> {
        Precision precision = in.q.of.precision();
        AttentionCuda.forward(
            cuda.gpu(),
            d,
            precision,
            in.q.memory(precision),
            in.k.memory(precision),
            in.v.memory(precision),
            lengths(scope, keyLengths),
            result.y.memory(),
            result.lse.memory());
      }
    }
    return result;
  }

  private static void backward(
      TensorScope scope,
      AttentionDims d,
      Parts in,
      int @Nullable [] keyLengths,
      Result saved,
      Tensor dy,
      Parts to) {
    switch (in.q.of.storage()) {
      case HostStorage host ->
          AttentionCpu.backward(
              d,
              in.q.floats(),
              in.k.floats(),
              in.v.floats(),
              keyLengths,
              saved.y.floats(),
              saved.lse.floats(),
              dy.floats(),
              to.q.floats(),
              to.k.floats(),
              to.v.floats());
      case CudaStorage cuda -> {
        Precision precision = in.q.of.precision();
        AttentionCuda.backward(
            cuda.gpu(),
            d,
            precision,
            in.q.memory(precision),
            in.k.memory(precision),
            in.v.memory(precision),
            lengths(scope, keyLengths),
            saved.y.memory(),
            saved.lse.memory(),
            dy.memory(precision),
            to.q.memory(precision),
            to.k.memory(precision),
            to.v.memory(precision));
      }
    }
  }

  /** The lengths in a GPU's memory. */
  private static @Nullable DeviceMemory lengths(TensorScope scope, int @Nullable [] keyLengths) {
    return keyLengths == null
        ? null
        : new IntTensor(Shape.of(keyLengths.length), keyLengths).on(scope);
  }

  private static AttentionDims packedDims(Tensor qkv, int heads, boolean causal) {
    if (qkv.rank() != 3 || qkv.dim(2) % 3 != 0) {
      throw new ShapeException(
          "attention: qkv must be (B, T, 3·C), q, k and v of C columns side by side, got "
              + qkv.shape());
    }
    int c = qkv.dim(2) / 3;
    requireHeads(heads, c);
    return AttentionDims.packed(qkv.dim(0), qkv.dim(1), heads, c / heads, causal);
  }

  private static AttentionDims separateDims(Tensor q, Tensor k, Tensor v, int heads) {
    if (q.rank() != 3) {
      throw new ShapeException("attention: q must be (B, Tq, C), got " + q.shape());
    }
    if (k.rank() != 3) {
      throw new ShapeException("attention: k must be (B, Tk, C), got " + k.shape());
    }
    int c = q.dim(2);
    Shape keys = Shape.of(q.dim(0), k.dim(1), c);
    ShapeException.require("attention", "k", "(B, Tk, C)", keys, "to match q " + q.shape(), k);
    ShapeException.require("attention", "v", "(B, Tk, C)", keys, "to match k", v);
    requireHeads(heads, c);
    return AttentionDims.separate(q.dim(0), heads, q.dim(1), k.dim(1), c / heads, false);
  }

  private static void requireHeads(int heads, int c) {
    if (heads < 1 || c < heads || c % heads != 0) {
      throw new ShapeException(
          "attention: the width C=%d cannot be cut into %d heads: heads must divide C"
              .formatted(c, heads));
    }
  }

  private static void requireLengths(int @Nullable [] keyLengths, AttentionDims d) {
    if (keyLengths == null) {
      return;
    }
    if (keyLengths.length != d.b()) {
      throw new ShapeException(
          "attention: keyLengths must hold one length for each of the B=%d sequences, got %d"
              .formatted(d.b(), keyLengths.length));
    }
    for (int b = 0; b < d.b(); b++) {
      if (keyLengths[b] < 0 || keyLengths[b] > d.tk()) {
        throw new ShapeException(
            "attention: keyLengths[%d] must lie in 0..%d, the keys of a sequence, got %d"
                .formatted(b, d.tk(), keyLengths[b]));
      }
    }
  }
}
