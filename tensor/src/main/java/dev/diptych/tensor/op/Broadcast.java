package dev.diptych.tensor.op;

import dev.diptych.kernels.elementwise.ElementwiseDims;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;

/** NumPy's rules of broadcasting, brought into the (N, C) ∘ (C) of the kernels. */
final class Broadcast {
  private Broadcast() {}

  /**
   * The shape of a ∘ b: axes are matched from the innermost; an axis of length 1, or a missing one,
   * is repeated.
   *
   * @throws ShapeException if two axes differ and neither is 1
   */
  static Shape shape(String op, Tensor a, Tensor b) {
    int rank = Math.max(a.rank(), b.rank());
    int[] dims = new int[rank];
    for (int axis = 1; axis <= rank; axis++) {
      int inA = axis <= a.rank() ? a.dim(-axis) : 1;
      int inB = axis <= b.rank() ? b.dim(-axis) : 1;
      if (inA != inB && inA != 1 && inB != 1) {
        throw new ShapeException(
            "%s: a %s and b %s do not broadcast: counted from the last, axis %d is %d and %d, must"
                    .formatted(op, a.shape(), b.shape(), axis, inA, inB)
                + " be equal or 1");
      }
      dims[rank - axis] = inA == 1 ? inB : inA;
    }
    return Shape.ofDims(dims);
  }

  /** Whether repeating the elements of {@code b} one behind the other gives {@code shape}. */
  static boolean isTrailing(Tensor b, Shape shape) {
    int axis = 1;
    while (axis <= b.rank() && b.dim(-axis) == shape.dim(-axis)) {
      axis++;
    }
    for (; axis <= b.rank(); axis++) {
      if (b.dim(-axis) != 1) {
        return false;
      }
    }
    return true;
  }

  /** How often {@code b}, which {@link #isTrailing}, fits into {@code size} elements. */
  static ElementwiseDims dims(int size, Tensor b) {
    return new ElementwiseDims(b.size() == 0 ? 0 : size / b.size(), b.size());
  }

  /** {@code x} itself if it has the shape, else a copy that repeats it. */
  static Tensor full(TensorScope scope, Tensor x, Shape shape) {
    return x.shape().equals(shape) ? x : scope.copy(x.expand(shape));
  }

  /**
   * Adds sign·{@code gradient}, which has the broadcast shape, to {@code sum}, summed over the
   * repeated axes, element by element in row-major order.
   */
  static void addReduced(int sign, Tensor gradient, Tensor sum) {
    Shape shape = gradient.shape();
    int[] strides = new int[shape.rank()];
    int stride = 1;
    for (int axis = 1; axis <= sum.rank(); axis++) {
      strides[shape.rank() - axis] = sum.dim(-axis) == 1 ? 0 : stride;
      stride *= sum.dim(-axis);
    }
    float[] from = gradient.floats().array();
    float[] to = sum.floats().array();
    int next = gradient.floats().offset();
    int first = sum.floats().offset();
    int[] index = new int[shape.rank()];
    for (int i = 0; i < shape.size(); i++) {
      int at = first;
      for (int axis = 0; axis < index.length; axis++) {
        at += index[axis] * strides[axis];
      }
      to[at] += sign * from[next++];
      for (int axis = index.length - 1; axis >= 0 && ++index[axis] == shape.dim(axis); axis--) {
        index[axis] = 0;
      }
    }
  }
}
