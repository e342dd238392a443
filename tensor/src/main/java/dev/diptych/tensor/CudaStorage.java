package dev.diptych.tensor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.elementwise.ElementwiseCuda;
import org.jspecify.annotations.Nullable;

/**
 * A GPU's memory. Weights, which are f32, may keep a copy of themselves in bf16 beside them, for
 * the products that are made in bf16: whoever changes the one makes the other anew. Compared by
 * identity, because two tensors share storage when they share the object.
 */
public final class CudaStorage implements Storage {
  private final Device.Cuda device;
  private final DeviceMemory memory;
  private final Precision precision;
  private final @Nullable DeviceMemory bf16Copy;

  CudaStorage(
      Device.Cuda device,
      DeviceMemory memory,
      Precision precision,
      @Nullable DeviceMemory bf16Copy) {
    this.device = device;
    this.memory = memory;
    this.precision = precision;
    this.bf16Copy = bf16Copy;
  }

  /** The GPU that the memory is of. */
  public Gpu gpu() {
    return device.gpu();
  }

  /** The elements. */
  public DeviceMemory memory() {
    return memory;
  }

  /** How the elements are stored. */
  public Precision precision() {
    return precision;
  }

  /** The same elements in bf16, or null if no copy is kept. */
  public @Nullable DeviceMemory bf16Copy() {
    return bf16Copy;
  }

  /** The elements {@code from} to {@code from + size}. */
  DeviceMemory elements(int from, int size) {
    return memory.slice((long) from * precision.bytes(), (long) size * precision.bytes());
  }

  /** The same elements as {@link #elements} in {@code wanted}, or null if they are not kept so. */
  @Nullable DeviceMemory elements(int from, int size, Precision wanted) {
    if (wanted == precision) {
      return elements(from, size);
    }
    return wanted == Precision.BF16 && bf16Copy != null
        ? bf16Copy.slice((long) from * wanted.bytes(), (long) size * wanted.bytes())
        : null;
  }

  /** Makes the copy of these elements anew, if one is kept. */
  void copyAnew(int from, int size) {
    DeviceMemory copy = elements(from, size, Precision.BF16);
    if (precision == Precision.F32 && copy != null) {
      ElementwiseCuda.convert(gpu(), precision, elements(from, size), Precision.BF16, copy);
    }
  }

  @Override
  public int length() {
    return Math.toIntExact(memory.bytes() / precision.bytes());
  }

  @Override
  public Device.Cuda device() {
    return device;
  }
}
