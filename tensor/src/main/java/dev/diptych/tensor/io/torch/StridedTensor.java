package dev.diptych.tensor.io.torch;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.io.Elements;
import dev.diptych.tensor.io.TensorFileException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A tensor as a view of a storage: element (i, j, …) is element {@code offset + i·strides[0] +
 * j·strides[1] + …} of it. All of it lies inside the storage: {@link #of} checks.
 *
 * @param storage the block that holds the elements
 * @param dtype their type
 * @param offset index of the first, in elements from the beginning of the storage
 * @param shape the lengths of the axes
 * @param strides how many elements lie between neighbours along each axis; 0 repeats one element
 */
record StridedTensor(Storage storage, DType dtype, long offset, Shape shape, long[] strides) {
  /** Most axes, as in PyTorch. */
  static final int MAX_RANK = 64;

  /**
   * Most elements of a tensor that repeats elements of a smaller storage: a file of a few bytes
   * must not make a reader allocate gigabytes.
   */
  private static final int MAX_REPEATED = 1 << 24;

  /**
   * A checked view.
   *
   * @param dtype {@code null} for the storage's own
   * @throws TensorFileException if it reaches beyond the storage, or repeats its elements in
   *     another way than with stride 0
   */
  static StridedTensor of(
      Storage storage, @Nullable DType dtype, long offset, long[] sizes, long[] strides)
      throws TensorFileException {
    DType type = dtype == null ? storage.dtype() : dtype;
    if (type == null) {
      throw Faults.damaged("a tensor in storage '" + storage.key() + "' has no element type");
    }
    long available = storage.bytes() / type.bytes();
    Shape shape = shape(sizes);
    if (sizes.length != strides.length
        || offset < 0
        || offset > available
        || !lies(shape, offset, strides, available)) {
      throw Faults.damaged(
          ("a tensor of shape %s with strides %s from element %d does not fit its storage '%s' of"
                  + " %d elements")
              .formatted(shape, Arrays.toString(strides), offset, storage.key(), available));
    }
    if (shape.size() > Math.max(available, MAX_REPEATED)) {
      throw Faults.unsupported(
          "a tensor of shape %s repeats a storage of %d elements".formatted(shape, available));
    }
    return new StridedTensor(storage, type, offset, shape, strides);
  }

  private static Shape shape(long[] sizes) throws TensorFileException {
    int[] dims = new int[sizes.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = (int) sizes[i];
      if (dims[i] != sizes[i]) {
        throw Faults.damaged("a tensor has the impossible shape " + Arrays.toString(sizes));
      }
    }
    try {
      return Shape.ofDims(dims);
    } catch (ShapeException e) {
      throw Faults.damaged("a tensor has an impossible shape", e);
    }
  }

  private static boolean lies(Shape shape, long offset, long[] strides, long available) {
    if (shape.size() == 0) {
      return true;
    }
    long last = offset;
    long distinct = 1;
    for (int axis = 0; axis < strides.length; axis++) {
      int size = shape.dim(axis);
      // Compared by division: the product might overflow.
      if (strides[axis] < 0 || (size > 1 && strides[axis] > (available - last) / (size - 1))) {
        return false;
      }
      last += size > 1 ? (size - 1) * strides[axis] : 0;
      distinct *= strides[axis] == 0 ? 1 : size;
    }
    return last < available && distinct <= available;
  }

  /**
   * Reads the elements as f32, row by row.
   *
   * @param block the bytes of the storage
   * @param target as many elements as the tensor has
   */
  void readFloats(MemorySegment block, Floats target) {
    float[] to = target.array();
    if (isContiguous()) {
      Elements.readFloats(block, dtype, offset, 1, to, target.offset(), target.length());
      return;
    }
    int inner = strides.length - 1; // a scalar is contiguous: there is an axis
    int row = shape.dim(inner);
    int[] index = new int[inner];
    long from = offset;
    for (int done = 0; done < target.length(); done += row) {
      Elements.readFloats(block, dtype, from, strides[inner], to, target.offset() + done, row);
      for (int axis = inner - 1; axis >= 0; axis--) {
        from += strides[axis];
        if (++index[axis] < shape.dim(axis)) {
          break;
        }
        from -= index[axis] * strides[axis];
        index[axis] = 0;
      }
    }
  }

  private boolean isContiguous() {
    long expected = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      if (shape.dim(axis) != 1 && strides[axis] != expected) {
        return shape.size() == 0;
      }
      expected *= shape.dim(axis);
    }
    return true;
  }
}
