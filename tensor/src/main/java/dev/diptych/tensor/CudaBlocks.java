package dev.diptych.tensor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Precision;

/** A GPU's memory, recycled by the GPU's pool. */
final class CudaBlocks implements Blocks {
  /** What poisoned memory is filled with: four, and two, bytes of it are a NaN. */
  private static final byte NOT_A_NUMBER = -1;

  private final Device.Cuda device;
  private final GpuScope memory;

  CudaBlocks(Device.Cuda device) {
    this.device = device;
    memory = device.gpu().scope();
  }

  @Override
  public CudaStorage take(int length, Precision precision) {
    return new CudaStorage(device, bytes((long) length * precision.bytes()), precision, null);
  }

  /** Weights: f32 and, if the device computes in bf16, a copy of them in bf16. */
  CudaStorage takeWeights(int length) {
    DeviceMemory copy =
        switch (device.precision()) {
          case F32 -> null;
          case BF16 -> bytes((long) length * Precision.BF16.bytes());
        };
    return new CudaStorage(
        device, bytes((long) length * Precision.F32.bytes()), Precision.F32, copy);
  }

  DeviceMemory bytes(long count) {
    DeviceMemory block = memory.allocate(count);
    if (TensorScope.POISON) {
      device.gpu().fill(block, NOT_A_NUMBER);
    }
    return block;
  }

  @Override
  public void give(Storage storage) {
    CudaStorage cuda = (CudaStorage) storage;
    memory.release(cuda.memory());
    DeviceMemory copy = cuda.bf16Copy();
    if (copy != null) {
      memory.release(copy);
    }
  }

  @Override
  public void rewind() {
    memory.rewind();
  }

  @Override
  public void close() {
    memory.close();
  }

  @Override
  public long bytes(Storage storage) {
    CudaStorage cuda = (CudaStorage) storage;
    DeviceMemory copy = cuda.bf16Copy();
    return cuda.memory().bytes() + (copy == null ? 0 : copy.bytes());
  }
}
