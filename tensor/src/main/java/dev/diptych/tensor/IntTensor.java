package dev.diptych.tensor;

import dev.diptych.kernels.cuda.DeviceMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Integers with a shape: token ids, positions, targets. Row-major, never a view. They are in host
 * memory, on a GPU, or in both: what the host knows can be {@link #upload uploaded} once, so that
 * ops which need it there do not copy it again; what an op computes on a GPU is copied to the host
 * when somebody looks at it.
 */
public final class IntTensor {
  private final Shape shape;
  private final int @Nullable [] data;
  private final Device device;
  private final @Nullable DeviceMemory memory;

  private IntTensor(
      Shape shape, int @Nullable [] data, Device device, @Nullable DeviceMemory memory) {
    this.shape = shape;
    this.data = data;
    this.device = device;
    this.memory = memory;
  }

  /**
   * Integers in host memory.
   *
   * @param shape the lengths of the axes
   * @param data the elements, shared, not copied
   * @throws ShapeException if there are not as many elements as the shape says
   */
  public IntTensor(Shape shape, int[] data) {
    this(shape, data, Device.CPU, null);
    requireLength(shape, data);
  }

  private static void requireLength(Shape shape, int[] data) {
    if (data.length != shape.size()) {
      throw new ShapeException(
          "an int tensor of shape %s has %d elements, got %d"
              .formatted(shape, shape.size(), data.length));
    }
  }

  /** Integers of {@code scope} that are not set yet, for an op to write. */
  public static IntTensor allocate(TensorScope scope, Shape shape) {
    return switch (scope.device()) {
      case Device.Cpu cpu -> new IntTensor(shape, new int[shape.size()]);
      case Device.Cuda cuda -> new IntTensor(shape, null, cuda, scope.allocateInts(shape.size()));
    };
  }

  /** Zeros in {@code scope}. */
  public static IntTensor zeros(TensorScope scope, Shape shape) {
    int[] data = new int[shape.size()];
    return switch (scope.device()) {
      case Device.Cpu cpu -> new IntTensor(shape, data);
      case Device.Cuda cuda -> {
        DeviceMemory there = scope.allocateInts(shape.size());
        cuda.gpu().fill(there, (byte) 0); // and nothing is copied: this can be captured
        yield new IntTensor(shape, data, cuda, there);
      }
    };
  }

  /** The lengths of the axes. */
  public Shape shape() {
    return shape;
  }

  /** The elements: shared if they are in host memory, else copied from the GPU. */
  public int[] data() {
    if (data == null && device instanceof Device.Cuda(var gpu, var precision) && memory != null) {
      int[] copy = new int[shape.size()];
      gpu.copyOut(memory, MemorySegment.ofArray(copy));
      return copy;
    }
    return java.util.Objects.requireNonNull(data);
  }

  /**
   * The same integers, on the device of {@code scope} too, for as long as that is neither rewound
   * nor closed.
   */
  public IntTensor upload(TensorScope scope) {
    return switch (scope.device()) {
      case Device.Cpu cpu -> this;
      case Device.Cuda cuda -> {
        DeviceMemory there = scope.allocateInts(shape.size());
        cuda.gpu().copyIn(MemorySegment.ofArray(data()), there);
        yield new IntTensor(shape, data(), cuda, there);
      }
    };
  }

  /**
   * Replaces all elements, in host memory and on the GPU: how a captured step is given the next
   * batch.
   *
   * @param next as many as there are, copied
   * @throws ShapeException if there are more or fewer
   */
  public void set(int[] next) {
    requireLength(shape, next);
    if (data != null) {
      System.arraycopy(next, 0, data, 0, next.length);
    }
    if (device instanceof Device.Cuda(var gpu, var precision) && memory != null) {
      gpu.copyIn(MemorySegment.ofArray(next), memory);
    }
  }

  /**
   * The elements in the memory of a GPU: where they are, if they are there; else copied into {@code
   * scope}.
   *
   * @param scope of a GPU
   */
  public DeviceMemory on(TensorScope scope) {
    DeviceMemory there = device.equals(scope.device()) ? memory : upload(scope).memory;
    if (there == null) {
      throw new IllegalStateException("integers for a GPU were asked of a scope of the CPU");
    }
    return there;
  }

  /**
   * Checks that every element lies in {@code [0, limit)}.
   *
   * @param op name of the op, for the message
   * @param operand name of this tensor, for the message
   * @throws IllegalArgumentException naming the first element that does not
   */
  public void requireBelow(String op, String operand, int limit) {
    int[] elements = data();
    for (int i = 0; i < elements.length; i++) {
      if (elements[i] < 0 || elements[i] >= limit) {
        throw new IllegalArgumentException(
            "%s: %s must lie in 0..%d, element %d of %s is %d"
                .formatted(op, operand, limit - 1, i, shape, elements[i]));
      }
    }
  }
}
