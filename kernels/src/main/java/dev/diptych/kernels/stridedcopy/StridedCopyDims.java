package dev.diptych.kernels.stridedcopy;

import dev.diptych.kernels.memory.Cost;

/**
 * A view of x.
 *
 * @param dims length of each axis, the outermost first; none for a single element
 * @param strides elements of x from one index of an axis to the next; 0 where the element is
 *     repeated
 * @param offset of the view's first element in x
 */
public record StridedCopyDims(int[] dims, int[] strides, int offset) {
  /** Checks that every axis has a stride, and that nothing is negative. */
  public StridedCopyDims {
    assert dims.length == strides.length && offset >= 0;
    for (int axis = 0; axis < dims.length; axis++) {
      assert dims[axis] >= 0 && strides[axis] >= 0;
    }
  }

  /** The number of axes. */
  public int rank() {
    return dims.length;
  }

  /** The number of elements of the view. */
  public int size() {
    int size = 1;
    for (int dim : dims) {
      size = Math.multiplyExact(size, dim);
    }
    return size;
  }

  /** How many elements x must have at least. */
  public long extent() {
    long last = offset;
    for (int axis = 0; axis < rank(); axis++) {
      if (dims[axis] == 0) {
        return 0;
      }
      last += (long) (dims[axis] - 1) * strides[axis];
    }
    return last + 1;
  }

  /**
   * The same view with as few axes as there can be: none of length 1, none that continues another.
   */
  StridedCopyDims merged() {
    int[] lengths = new int[rank()];
    int[] steps = new int[rank()];
    int axes = 0;
    for (int axis = 0; axis < rank(); axis++) {
      if (dims[axis] == 1) {
        continue;
      }
      if (axes > 0 && steps[axes - 1] == (long) strides[axis] * dims[axis]) {
        lengths[axes - 1] *= dims[axis];
        steps[axes - 1] = strides[axis];
      } else {
        lengths[axes] = dims[axis];
        steps[axes] = strides[axis];
        axes++;
      }
    }
    return new StridedCopyDims(
        java.util.Arrays.copyOf(lengths, axes), java.util.Arrays.copyOf(steps, axes), offset);
  }

  /** The least that either pass must do: read what is not repeated, write the view, or back. */
  public Cost cost() {
    long distinct = 1;
    for (int axis = 0; axis < rank(); axis++) {
      distinct *= strides[axis] == 0 ? 1 : dims[axis];
    }
    return new Cost(4 * (distinct + size()), 0);
  }
}
