package dev.diptych.tensor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.simd.VectorModule;

/**
 * Owns the memory of tensors. Weights live in the model's scope, activations in the step's:
 *
 * <pre>{@code
 * try (var step = new TensorScope(Device.CPU)) {
 *   for (...) {
 *     step.rewind();            // all tensors of the last step are gone, their memory is used again
 *     Tensor y = step.allocate(Shape.of(8, 50, 768));
 *   }
 * }
 * }</pre>
 *
 * <p>What is {@link #release released} or {@link #rewind rewound} serves the next requests. A
 * training step asks for the same sizes every time, so from the second step on nothing is
 * allocated, and on the CPU the garbage collector stays idle.
 *
 * <p>With the system property {@code diptych.poison=true} memory is filled with NaN before its
 * first use and, on the CPU, every request gets memory of its own, filled with NaN again when it is
 * released: use after release shows.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class TensorScope implements AutoCloseable {
  static final boolean POISON = Boolean.getBoolean("diptych.poison");

  private final Device device;
  private final Blocks blocks;
  private long liveBytes;
  private long peakBytes;
  private boolean closed;

  /**
   * A scope whose tensors live on {@code device}.
   *
   * @throws IllegalStateException if Java was started without the Vector API
   */
  public TensorScope(Device device) {
    VectorModule.require();
    this.device = device;
    blocks =
        switch (device) {
          case Device.Cpu cpu -> new HostBlocks();
          case Device.Cuda cuda -> new CudaBlocks(cuda);
        };
  }

  /** The device of this scope's tensors. */
  public Device device() {
    return device;
  }

  /** How activations are stored: f32 on the CPU, on a GPU as its {@link Device.Cuda} says. */
  public Precision precision() {
    return switch (device) {
      case Device.Cpu cpu -> Precision.F32;
      case Device.Cuda cuda -> cuda.precision();
    };
  }

  /**
   * An activation: a tensor in {@link #precision()} whose elements are not set.
   *
   * @throws OutOfMemoryError with advice if the heap is too small
   * @throws dev.diptych.kernels.cuda.GpuOutOfMemoryException if the GPU's memory is
   * @throws IllegalStateException if the scope is closed
   */
  public Tensor allocate(Shape shape) {
    return allocate(shape, precision());
  }

  /** A statistic, a loss or the gradient of a weight: a tensor in f32 that is not set. */
  public Tensor allocateF32(Shape shape) {
    return allocate(shape, Precision.F32);
  }

  /** A tensor of another shape that is stored as {@code like} is, not set. */
  public Tensor allocateLike(Tensor like, Shape shape) {
    return allocate(shape, like.precision());
  }

  private Tensor allocate(Shape shape, Precision precision) {
    requireOpen();
    return counted(blocks.take(shape.size(), precision), shape);
  }

  /**
   * Weights: f32, and where products are made in bf16 with a copy for them that follows every
   * change. Not set.
   */
  public Tensor allocateWeights(Shape shape) {
    requireOpen();
    return switch (blocks) {
      case HostBlocks host -> allocateF32(shape);
      case CudaBlocks cuda -> counted(cuda.takeWeights(shape.size()), shape);
    };
  }

  private Tensor counted(Storage storage, Shape shape) {
    liveBytes += blocks.bytes(storage);
    peakBytes = Math.max(peakBytes, liveBytes);
    return Tensor.of(storage, shape);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this tensor scope is closed");
    }
  }

  /** Memory of the GPU for {@code count} integers, not set. */
  DeviceMemory allocateInts(int count) {
    requireOpen();
    return switch (blocks) {
      case HostBlocks host -> throw new IllegalStateException("this scope is not of a GPU");
      case CudaBlocks cuda -> cuda.bytes((long) count * Integer.BYTES);
    };
  }

  /** A tensor of zeros, in {@link #precision()}. */
  public Tensor zeros(Shape shape) {
    return zeros(shape, precision());
  }

  /** A tensor of zeros of the shape of {@code like}, stored as that is. */
  public Tensor zerosLike(Tensor like) {
    return zeros(like.shape(), like.precision());
  }

  /** A tensor of zeros in f32. */
  public Tensor zerosF32(Shape shape) {
    return zeros(shape, Precision.F32);
  }

  private Tensor zeros(Shape shape, Precision precision) {
    Tensor tensor = allocate(shape, precision);
    tensor.fill(0);
    return tensor;
  }

  /**
   * A row-major copy of {@code source} in this scope, stored as {@code source} is: how a result
   * outlives the scope it is from. A tensor from a GPU is copied to a scope of the CPU in f32.
   */
  public Tensor copy(Tensor source) {
    Tensor copy =
        switch (device) {
          case Device.Cpu cpu -> allocateF32(source.shape());
          case Device.Cuda cuda -> allocateLike(source, source.shape());
        };
    copy.copyFrom(source);
    return copy;
  }

  /** {@code x} itself if it is on this scope's device, else a copy of it in this scope. */
  public Tensor onDevice(Tensor x) {
    return x.device().equals(device) ? x : copy(x);
  }

  /**
   * Gives back the storage of {@code tensor}, which this scope allocated. The tensor and all views
   * of its storage must not be used again.
   */
  public void release(Tensor tensor) {
    liveBytes -= blocks.bytes(tensor.storage());
    blocks.give(tensor.storage());
  }

  /** Ends the life of all tensors of this scope and keeps the memory for the next ones. */
  public void rewind() {
    blocks.rewind();
    liveBytes = 0;
  }

  /** Ends the life of all tensors of this scope and gives the memory back. */
  @Override
  public void close() {
    blocks.close();
    liveBytes = 0;
    closed = true;
  }

  /** The most bytes that were in use at one time, since the scope was made. */
  public long peakBytes() {
    return peakBytes;
  }
}
