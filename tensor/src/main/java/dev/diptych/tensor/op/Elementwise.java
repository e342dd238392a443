package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.elementwise.ElementwiseCpu;
import dev.diptych.kernels.elementwise.ElementwiseCuda;
import dev.diptych.kernels.elementwise.ElementwiseDims;
import dev.diptych.kernels.elementwise.Operation;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.stridedcopy.StridedCopyCuda;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.Locale;

/**
 * Addition, subtraction and multiplication element by element, with NumPy's rules of broadcasting:
 * axes are matched from the innermost; an axis of length 1, or a missing one, is repeated.
 *
 * <p>Fast where b is a trailing part of a's shape, as a bias or a single number is: nothing is
 * copied. In other cases the smaller operand is written out in full first.
 */
public final class Elementwise {
  private Elementwise() {}

  /**
   * a ∘ b.
   *
   * @param a of any shape
   * @param b of any shape that broadcasts with a's
   * @throws ShapeException if the shapes do not broadcast
   */
  public static Tensor forward(TensorScope scope, Operation operation, Tensor a, Tensor b) {
    Shape shape = Broadcast.shape(name(operation), a, b);
    Tensor y = scope.allocateLike(a, shape);
    Tensor left = Broadcast.full(scope, a, shape);
    Tensor right = Broadcast.isTrailing(b, shape) ? b : Broadcast.full(scope, b, shape);
    ElementwiseDims d = Broadcast.dims(shape.size(), right);
    switch (y.storage()) {
      case HostStorage host ->
          ElementwiseCpu.forward(d, operation, left.floats(), right.floats(), y.floats());
      case CudaStorage cuda ->
          ElementwiseCuda.forward(
              cuda.gpu(),
              d,
              operation,
              a.precision(),
              left.memory(),
              right.memory(a.precision()),
              y.memory());
    }
    releaseCopy(scope, left, a);
    releaseCopy(scope, right, b);
    return y;
  }

  /**
   * Adds the gradient of a.
   *
   * @param b as given to {@link #forward}
   * @param dy of the result's shape
   * @param da of a's shape, added to
   */
  public static void backwardA(
      TensorScope scope, Operation operation, Tensor b, Tensor dy, Tensor da) {
    Tensor gradient =
        operation == Operation.MULTIPLY ? forward(scope, Operation.MULTIPLY, dy, b) : dy;
    addSum(1, gradient, da);
    releaseCopy(scope, gradient, dy);
  }

  /**
   * Adds the gradient of b.
   *
   * @param a as given to {@link #forward}
   * @param dy of the result's shape
   * @param db of b's shape, added to
   */
  public static void backwardB(
      TensorScope scope, Operation operation, Tensor a, Tensor dy, Tensor db) {
    boolean inOnePass = a.shape().equals(dy.shape()) && Broadcast.isTrailing(db, dy.shape());
    if (operation == Operation.MULTIPLY && inOnePass) {
      switch (dy.storage()) {
        case HostStorage host ->
            ElementwiseCpu.backward(
                Broadcast.dims(dy.size(), db),
                operation,
                a.floats(),
                db.floats(), // only its length counts: no gradient of a is asked for
                dy.floats(),
                null,
                db.floats());
        case CudaStorage cuda ->
            ElementwiseCuda.backward(
                cuda.gpu(),
                Broadcast.dims(dy.size(), db),
                operation,
                dy.precision(),
                a.memory(dy.precision()),
                db.memory(), // only its length counts
                dy.memory(),
                null,
                db.precision(),
                db.memory());
      }
      return;
    }
    switch (operation) {
      case ADD -> addSum(1, dy, db);
      case SUBTRACT -> addSum(-1, dy, db);
      case MULTIPLY -> {
        Tensor gradient = forward(scope, Operation.MULTIPLY, dy, a);
        addSum(1, gradient, db);
        scope.release(gradient);
      }
    }
  }

  /** sum ← sum + sign·gradient, summed over the axes along which {@code sum} was repeated. */
  private static void addSum(int sign, Tensor gradient, Tensor sum) {
    switch (gradient.storage()) {
      case HostStorage host -> {
        if (Broadcast.isTrailing(sum, gradient.shape())) {
          ElementwiseCpu.backward(
              Broadcast.dims(gradient.size(), sum),
              sign > 0 ? Operation.ADD : Operation.SUBTRACT,
              gradient.floats(),
              sum.floats(), // only its length counts
              gradient.floats(),
              null,
              sum.floats());
        } else {
          Broadcast.addReduced(sign, gradient, sum);
        }
      }
      case CudaStorage cuda ->
          StridedCopyCuda.backward(
              cuda.gpu(),
              sum.expand(gradient.shape()).layout(),
              sign,
              gradient.precision(),
              gradient.memory(),
              sum.precision(),
              ((CudaStorage) sum.storage()).memory());
    }
  }

  /**
   * factor·x; the gradient of x is factor·dy, the same function.
   *
   * @param x of any shape
   */
  public static Tensor scale(TensorScope scope, Tensor x, float factor) {
    Tensor y = scope.allocateLike(x, x.shape());
    switch (x.storage()) {
      case HostStorage host -> ElementwiseCpu.scale(factor, x.floats(), y.floats());
      case CudaStorage cuda ->
          ElementwiseCuda.scale(cuda.gpu(), x.precision(), factor, x.memory(), y.memory());
    }
    return y;
  }

  /**
   * y ← y + factor·x.
   *
   * @param y of x's shape, added to
   * @throws ShapeException if the shapes differ
   */
  public static void accumulate(Tensor y, Tensor x, float factor) {
    ShapeException.require("accumulate", "x", "(…)", y.shape(), "to match y", x);
    switch (y.storage()) {
      case HostStorage host -> ElementwiseCpu.accumulate(factor, x.floats(), y.floats());
      case CudaStorage cuda ->
          ElementwiseCuda.accumulate(
              cuda.gpu(), factor, x.precision(), x.memory(), y.precision(), y.memory());
    }
    y.written();
  }

  /** x ← min(max(x, least), most), for parameters that are kept in a range; x is f32. */
  public static void clamp(Tensor x, float least, float most) {
    switch (x.storage()) {
      case HostStorage host -> {
        Floats values = x.floats();
        for (int i = values.offset(); i < values.end(); i++) {
          values.array()[i] = Math.clamp(values.array()[i], least, most);
        }
      }
      case CudaStorage cuda ->
          ElementwiseCuda.clamp(cuda.gpu(), x.memory(Precision.F32), least, most);
    }
    x.written();
  }

  private static void releaseCopy(TensorScope scope, Tensor used, Tensor given) {
    if (used != given) {
      scope.release(used);
    }
  }

  private static String name(Operation operation) {
    return operation.name().toLowerCase(Locale.ROOT);
  }
}
