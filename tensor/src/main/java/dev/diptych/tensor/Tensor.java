package dev.diptych.tensor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.stridedcopy.StridedCopyDims;
import java.util.Arrays;

/**
 * An n-dimensional array of numbers, f32 or on a GPU also bf16: a shape and strides over storage. A
 * tensor is a view: {@link #reshape}, {@link #narrow}, {@link #transpose} and {@link #expand} share
 * storage and copy nothing. It is valid as long as the {@link TensorScope} that allocated its
 * storage neither releases it nor closes.
 *
 * <p>Mathematics is not here but in {@code dev.diptych.tensor.op}.
 */
public final class Tensor {
  private final Storage storage;
  private final Shape shape;
  private final int[] strides;
  private final int offset;

  private Tensor(Storage storage, Shape shape, int[] strides, int offset) {
    this.storage = storage;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
  }

  /**
   * A row-major tensor over all of {@code storage}.
   *
   * @throws ShapeException if the storage has fewer elements than the shape
   */
  public static Tensor of(Storage storage, Shape shape) {
    if (storage.length() < shape.size()) {
      throw new ShapeException(
          "a tensor of shape %s needs %d elements, the storage has %d"
              .formatted(shape, shape.size(), storage.length()));
    }
    return new Tensor(storage, shape, rowMajor(shape), 0);
  }

  /** A tensor over {@code data}, which is shared, not copied. */
  public static Tensor of(float[] data, Shape shape) {
    return of(Floats.of(data), shape);
  }

  /** A tensor over {@code data}, which is shared, not copied. */
  public static Tensor of(Floats data, Shape shape) {
    if (data.length() != shape.size()) {
      throw new ShapeException(
          "a tensor of shape %s has %d elements, got %d"
              .formatted(shape, shape.size(), data.length()));
    }
    return of(new HostStorage(data), shape);
  }

  private static int[] rowMajor(Shape shape) {
    int[] strides = new int[shape.rank()];
    int stride = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= Math.max(1, shape.dim(i));
    }
    return strides;
  }

  /** The lengths of the axes. */
  public Shape shape() {
    return shape;
  }

  /** The number of axes. */
  public int rank() {
    return shape.rank();
  }

  /** The length of an axis; −1 is the innermost. */
  public int dim(int axis) {
    return shape.dim(axis);
  }

  /** The number of elements. */
  public int size() {
    return shape.size();
  }

  /** The memory that this tensor views, perhaps together with others. */
  public Storage storage() {
    return storage;
  }

  /** The device that computes on this tensor. */
  public Device device() {
    return storage.device();
  }

  /** How the elements are stored. */
  public Precision precision() {
    return switch (storage) {
      case HostStorage host -> Precision.F32;
      case CudaStorage cuda -> cuda.precision();
    };
  }

  /** Whether the elements lie in row-major order without gaps. */
  public boolean isContiguous() {
    int stride = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      if (shape.dim(i) != 1 && strides[i] != stride) {
        return false;
      }
      stride *= Math.max(1, shape.dim(i));
    }
    return true;
  }

  /**
   * The elements of a contiguous tensor in host memory, shared.
   *
   * @throws ShapeException if the tensor is not contiguous: copy it with {@link TensorScope#copy}
   * @throws IllegalStateException if the tensor is in a GPU's memory: see {@link #onHost}
   */
  public Floats floats() {
    requireContiguous();
    return switch (storage) {
      case HostStorage host -> host.floats().slice(offset, shape.size());
      case CudaStorage cuda ->
          throw new IllegalStateException(
              "the tensor of shape %s is on the device %s: copy it to the host, or keep all operands of an op on one device"
                  .formatted(shape, cuda.device()));
    };
  }

  /**
   * The elements of a contiguous tensor in a GPU's memory, shared, as they are stored.
   *
   * @throws ShapeException if the tensor is not contiguous: copy it with {@link TensorScope#copy}
   * @throws IllegalStateException if the tensor is in host memory
   */
  public DeviceMemory memory() {
    return memory(precision());
  }

  /**
   * The elements of a contiguous tensor in a GPU's memory in a given precision: those of weights
   * are kept in bf16 too where products are made in it.
   *
   * @throws ShapeException if the tensor is not contiguous: copy it with {@link TensorScope#copy}
   * @throws IllegalStateException if the tensor is in host memory, or not kept in {@code wanted}
   */
  public DeviceMemory memory(Precision wanted) {
    requireContiguous();
    return switch (storage) {
      case HostStorage host ->
          throw new IllegalStateException(
              "the tensor of shape "
                  + shape
                  + " is in host memory: copy it to the GPU with TensorScope.copy");
      case CudaStorage cuda -> {
        DeviceMemory found = cuda.elements(offset, shape.size(), wanted);
        if (found == null) {
          throw new IllegalStateException(
              "the tensor of shape %s is stored in %s, and this op needs it in %s"
                  .formatted(shape, cuda.precision().suffix(), wanted.suffix()));
        }
        yield found;
      }
    };
  }

  private void requireContiguous() {
    if (!isContiguous()) {
      throw new ShapeException(
          "the tensor of shape "
              + shape
              + " is a view with gaps: copy it with TensorScope.copy before using it in this op");
    }
  }

  /**
   * The same elements in another shape.
   *
   * @throws ShapeException if the number of elements differs or the tensor is not contiguous
   */
  public Tensor reshape(Shape to) {
    if (to.size() != shape.size()) {
      throw new ShapeException(
          "reshape: %s has %d elements, %s has %d".formatted(shape, shape.size(), to, to.size()));
    }
    if (!isContiguous()) {
      throw new ShapeException("reshape: the tensor of shape " + shape + " is a view with gaps");
    }
    return new Tensor(storage, to, rowMajor(to), offset);
  }

  /**
   * The part of an axis that starts at {@code from} and is {@code length} long.
   *
   * @throws ShapeException if it does not lie inside the axis
   */
  public Tensor narrow(int axis, int from, int length) {
    int index = axis < 0 ? rank() + axis : axis;
    if (from < 0 || length < 0 || from > dim(axis) - length) {
      throw new ShapeException(
          "narrow: elements %d..%d do not lie inside axis %d of %s"
              .formatted(from, from + length - 1, axis, shape));
    }
    return new Tensor(storage, shape.with(axis, length), strides, offset + from * strides[index]);
  }

  /** The tensor with two axes exchanged. */
  public Tensor transpose(int axisA, int axisB) {
    int[] dims = shape.dims();
    int[] turned = strides.clone();
    int a = axisA < 0 ? rank() + axisA : axisA;
    int b = axisB < 0 ? rank() + axisB : axisB;
    dims[a] = dim(axisB);
    dims[b] = dim(axisA);
    turned[a] = strides[b];
    turned[b] = strides[a];
    return new Tensor(storage, Shape.ofDims(dims), turned, offset);
  }

  /**
   * This tensor repeated to a larger shape without copying, by NumPy's rules of broadcasting: axes
   * are matched from the innermost; an axis of length 1, or a missing one, is repeated.
   *
   * @throws ShapeException if an axis has another length than 1 and than {@code to} asks for
   */
  public Tensor expand(Shape to) {
    int missing = to.rank() - rank();
    int[] repeated = new int[to.rank()];
    for (int i = 0; i < to.rank(); i++) {
      int own = i < missing ? 1 : shape.dim(i - missing);
      if (missing < 0 || (own != to.dim(i) && own != 1)) {
        throw new ShapeException(
            "expand: %s does not broadcast to %s: each axis must be equal or 1"
                .formatted(shape, to));
      }
      repeated[i] = own == 1 && to.dim(i) != 1 ? 0 : i < missing ? 0 : strides[i - missing];
    }
    return new Tensor(storage, to, repeated, offset);
  }

  /** Copies the elements, in row-major order, to {@code target}, which must be as long. */
  public void copyTo(Floats target) {
    requireLength("copyTo", target.length());
    Copies.toHost(this, target);
  }

  /**
   * Replaces the elements by those of {@code source}, from whichever device; in bf16 rounded.
   *
   * @throws ShapeException if the source has another shape or this tensor is a view with gaps
   */
  public void copyFrom(Tensor source) {
    ShapeException.require("copyFrom", "source", "(…)", shape, "to match the target", source);
    requireContiguous();
    Copies.copy(source, this);
  }

  /** Replaces the elements by those of {@code source}, which must be as long; see {@link #of}. */
  public void copyFrom(Floats source) {
    requireLength("copyFrom", source.length());
    copyFrom(of(source, shape));
  }

  private void requireLength(String what, int length) {
    if (length != shape.size()) {
      throw new ShapeException(
          "%s: the tensor %s has %d elements, the other side %d"
              .formatted(what, shape, shape.size(), length));
    }
  }

  /** Sets every element of this contiguous tensor. */
  public void fill(float value) {
    requireContiguous();
    Copies.fill(this, value);
  }

  /**
   * What an op calls that wrote into this contiguous tensor in place: weights that keep a copy of
   * themselves in bf16 make it anew.
   */
  public void written() {
    switch (storage) {
      case HostStorage host -> {}
      case CudaStorage cuda -> cuda.copyAnew(offset, shape.size());
    }
  }

  /** This tensor if it is in host memory, else a copy of it there, in memory of its own. */
  public Tensor onHost() {
    return switch (storage) {
      case HostStorage host -> this;
      case CudaStorage cuda -> of(toArray(), shape);
    };
  }

  /** Where the elements are in the storage. */
  public StridedCopyDims layout() {
    return new StridedCopyDims(shape.dims(), strides.clone(), offset);
  }

  /** A copy of the elements, in row-major order. */
  public float[] toArray() {
    float[] copy = new float[shape.size()];
    copyTo(Floats.of(copy));
    return copy;
  }

  /**
   * The only element.
   *
   * @throws ShapeException if there is not exactly one
   */
  public float item() {
    if (shape.size() != 1) {
      throw new ShapeException("item: the tensor has " + shape.size() + " elements, not one");
    }
    return toArray()[0];
  }

  /** The shape, and the elements if they are few. */
  @Override
  public String toString() {
    return "Tensor" + shape + (shape.size() <= 16 ? Arrays.toString(toArray()) : "");
  }
}
