package dev.diptych.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemAllocHost;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * An NVIDIA GPU behind the driver API: opened, given memory and modules through JCuda; kernels are
 * launched by {@link KernelLauncher}, which is faster.
 *
 * <p>Copies from and to the heap go through a pinned buffer, since the driver can neither pin a
 * heap array nor be told when the collector moves it. With {@code -Ddiptych.cuda.synchronous=true}
 * every launch waits for its kernel, so that an error is reported where it came from.
 */
final class DriverGpu implements Gpu {
  private static final int STAGING_BYTES = 8 << 20;

  private final CUdevice device;
  private final CUcontext context;
  private final GpuProperties properties;
  private final StreamHandle stream = new StreamHandle();
  private final Pointer stagingMemory = new Pointer();
  private final MemorySegment staging;
  private final KernelLauncher launcher;
  private final GpuPool pool = new GpuPool(this);
  private final boolean synchronous = Boolean.getBoolean("diptych.cuda.synchronous");
  private Thread current = Thread.currentThread();
  private long used;
  private boolean closed;

  /** A stream that tells its handle. */
  private static final class StreamHandle extends CUstream {
    long handle() {
      return getNativePointer();
    }
  }

  /** The first GPU, or empty if the driver sees none. */
  static Optional<Gpu> tryOpen() {
    JCudaNatives.check();
    JCudaDriver.setExceptionsEnabled(true);
    Optional<CUdevice> device = DriverDevices.first();
    return device.map(DriverGpu::new);
  }

  private DriverGpu(CUdevice device) {
    this.device = device;
    properties = DriverDevices.properties(device);
    context = new CUcontext();
    cuDevicePrimaryCtxRetain(context, device);
    cuCtxSetCurrent(context);
    cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING);
    cuMemAllocHost(stagingMemory, STAGING_BYTES);
    ByteBuffer buffer = stagingMemory.getByteBuffer(0, STAGING_BYTES);
    staging = MemorySegment.ofBuffer(buffer);
    launcher = new KernelLauncher(properties, stream.handle());
  }

  /** The driver keeps the current context for each thread. */
  private void enter() {
    if (closed) {
      throw new IllegalStateException("the GPU has been closed");
    }
    if (Thread.currentThread() != current) {
      cuCtxSetCurrent(context);
      current = Thread.currentThread();
    }
  }

  @Override
  public GpuProperties properties() {
    return properties;
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    enter();
    CUdeviceptr pointer = new Address();
    try {
      cuMemAlloc(pointer, bytes);
    } catch (CudaException e) {
      if (String.valueOf(e.getMessage()).contains("OUT_OF_MEMORY")) {
        long[] free = new long[1];
        long[] total = new long[1];
        cuMemGetInfo(free, total);
        throw new GpuOutOfMemoryException(bytes, used, free[0], total[0]);
      }
      throw failed("allocating " + bytes + " bytes", e);
    }
    used += bytes;
    return new DeviceMemory(((Address) pointer).value(), bytes);
  }

  @Override
  public void free(DeviceMemory memory) {
    enter();
    try {
      cuMemFree(Address.of(memory.address())); // waits for the kernels that use it
    } catch (CudaException e) {
      throw failed("freeing " + memory, e);
    }
    used -= memory.bytes();
  }

  @Override
  public GpuScope scope() {
    return pool.scope();
  }

  @Override
  public void copyIn(MemorySegment from, DeviceMemory to) {
    checkLength("copyIn", from, to);
    enter();
    try {
      for (long at = 0; at < to.bytes(); at += STAGING_BYTES) {
        long size = Math.min(STAGING_BYTES, to.bytes() - at);
        MemorySegment.copy(from, at, staging, 0, size);
        cuMemcpyHtoDAsync(Address.of(to.address() + at), stagingMemory, size, stream);
        cuStreamSynchronize(stream); // the buffer is used again
      }
    } catch (CudaException e) {
      throw failed("copying to " + to, e);
    }
  }

  @Override
  public void copyOut(DeviceMemory from, MemorySegment to) {
    checkLength("copyOut", to, from);
    enter();
    try {
      for (long at = 0; at < from.bytes(); at += STAGING_BYTES) {
        long size = Math.min(STAGING_BYTES, from.bytes() - at);
        cuMemcpyDtoHAsync(stagingMemory, Address.of(from.address() + at), size, stream);
        cuStreamSynchronize(stream);
        MemorySegment.copy(staging, 0, to, at, size);
      }
    } catch (CudaException e) {
      throw failed("copying from " + from, e);
    }
  }

  private static void checkLength(String what, MemorySegment host, DeviceMemory memory) {
    if (host.byteSize() != memory.bytes()) {
      throw new IllegalArgumentException(
          what + ": " + host.byteSize() + " bytes on the host, " + memory.bytes() + " on the GPU");
    }
  }

  @Override
  public void copy(DeviceMemory from, DeviceMemory to) {
    if (from.bytes() != to.bytes()) {
      throw new IllegalArgumentException(
          "copy: from " + from.bytes() + " bytes to " + to.bytes() + " bytes");
    }
    if (from.bytes() == 0) {
      return;
    }
    enter();
    try {
      cuMemcpyDtoDAsync(Address.of(to.address()), Address.of(from.address()), from.bytes(), stream);
    } catch (CudaException e) {
      throw failed("copying from " + from + " to " + to, e);
    }
  }

  @Override
  public void fill(DeviceMemory memory, byte value) {
    if (memory.bytes() == 0) {
      return;
    }
    enter();
    try {
      cuMemsetD8Async(Address.of(memory.address()), value, memory.bytes(), stream);
    } catch (CudaException e) {
      throw failed("filling " + memory, e);
    }
  }

  @Override
  public void launch(Kernel kernel, Launch launch, Arguments arguments) {
    enter();
    if (launch.isEmpty()) {
      return;
    }
    launcher.launch(kernel, launch, arguments);
    if (synchronous) {
      synchronize();
    }
  }

  @Override
  public void synchronize() {
    enter();
    try {
      cuStreamSynchronize(stream);
    } catch (CudaException e) {
      throw failed("waiting for the GPU", e);
    }
  }

  @Override
  public GpuEvent record() {
    enter();
    return new DriverEvent(stream);
  }

  private GpuException failed(String what, CudaException e) {
    @Nullable String last = launcher.lastLaunch();
    String message = "The GPU failed at " + what + ": " + e.getMessage() + ".";
    if (last != null) {
      message +=
          " The last kernel started was "
              + last
              + "; the error may come from it or from one before: -Ddiptych.cuda.synchronous=true"
              + " tells which.";
    }
    return new GpuException(message, e);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    synchronize();
    pool.trim();
    launcher.close();
    cuMemFreeHost(stagingMemory);
    cuStreamDestroy(stream);
    cuDevicePrimaryCtxRelease(device);
    closed = true;
  }

  /** A device pointer that can be made from an address and tells it. */
  private static final class Address extends CUdeviceptr {
    Address() {}

    private Address(long address) {
      super(new CUdeviceptr(), address);
    }

    static Address of(long address) {
      return new Address(address);
    }

    long value() {
      return getNativePointer() + getByteOffset();
    }
  }
}
