package dev.diptych.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import jcuda.CudaException;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * An NVIDIA GPU behind the driver API: opened, given memory and modules through JCuda; kernels are
 * launched by {@link KernelLauncher}, which is faster.
 *
 * <p>With {@code -Ddiptych.cuda.synchronous=true} every launch waits for its kernel, so that an
 * error is reported where it came from; what is captured as a graph is waited for when it is
 * replayed.
 */
final class DriverGpu implements Gpu {
  private final DriverFailures failures;
  private final CUdevice device;
  private final CUcontext context;
  private final GpuProperties properties;
  private final StreamHandle stream = new StreamHandle();
  private final DriverStaging staging;
  private final KernelLauncher launcher;
  private final GpuPool pool = new GpuPool(this);
  private final CaptureGuard capturing = new CaptureGuard();
  private final boolean synchronous = Boolean.getBoolean("diptych.cuda.synchronous");
  private Thread current = Thread.currentThread();

  /** Where scopes take their memory while work is captured. */
  private @Nullable GpuPool poolOfGraph;

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
    try {
      Optional<CUdevice> device = DriverDevices.first();
      return device.map(DriverGpu::new);
    } catch (CudaException e) {
      throw new GpuException(GpuErrors.notStarted(GpuErrors.codeOf(e)), e);
    }
  }

  private DriverGpu(CUdevice device) {
    this.device = device;
    failures = new DriverFailures(synchronous);
    properties = DriverDevices.properties(device);
    context = new CUcontext();
    try {
      cuDevicePrimaryCtxRetain(context, device);
      cuCtxSetCurrent(context);
      cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING);
      staging = new DriverStaging(stream);
    } catch (CudaException e) {
      throw new GpuException(GpuErrors.notOpened(properties.name(), GpuErrors.codeOf(e)), e);
    }
    launcher = new KernelLauncher(properties, stream.handle(), failures);
  }

  /**
   * The driver keeps the current context for each thread of the operating system, of which a
   * virtual thread has another whenever it has waited.
   */
  private void enter() {
    if (closed) {
      throw new IllegalStateException("the GPU has been closed");
    }
    Thread thread = Thread.currentThread();
    if (thread != current || thread.isVirtual()) {
      try {
        cuCtxSetCurrent(context);
      } catch (CudaException e) {
        throw failures.failed("coming to another thread", e);
      }
      current = thread;
    }
  }

  @Override
  public GpuProperties properties() {
    return properties;
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    enter();
    DriverAddress pointer = new DriverAddress();
    try {
      if (capturing.isOn()) {
        DriverGraph.unguarded(() -> cuMemAlloc(pointer, bytes));
      } else {
        cuMemAlloc(pointer, bytes);
      }
    } catch (CudaException e) {
      if (GpuErrors.codeOf(e).equals(GpuErrors.OUT_OF_MEMORY)) {
        throw outOfMemory(bytes);
      }
      throw failures.failed("allocating " + bytes + " bytes", e);
    }
    used += bytes;
    return new DeviceMemory(pointer.value(), bytes);
  }

  private GpuException outOfMemory(long bytes) {
    long[] free = new long[1];
    long[] total = new long[1];
    try {
      cuMemGetInfo(free, total);
    } catch (CudaException e) {
      throw failures.failed("asking how much memory is free", e);
    }
    GpuException e = new GpuOutOfMemoryException(bytes, used, free[0], total[0]);
    // A pool that is told so frees what it has and asks again; here that may be part of the graph.
    return capturing.isOn() ? new GpuException("While work is captured: " + e.getMessage(), e) : e;
  }

  @Override
  public void free(DeviceMemory memory) {
    enter();
    capturing.refuseFree();
    if (failures.isContextLost()) { // the memory is gone with it
      return;
    }
    try {
      cuMemFree(DriverAddress.of(memory.address())); // waits for the kernels that use it
    } catch (CudaException e) {
      throw failures.failed("freeing " + memory, e);
    }
    used -= memory.bytes();
  }

  @Override
  public GpuScope scope() {
    return (poolOfGraph == null ? pool : poolOfGraph).scope();
  }

  @Override
  public void copyIn(MemorySegment from, DeviceMemory to) {
    checkLength("copyIn", from, to);
    enter();
    capturing.refuseCopyIn();
    try {
      staging.copyIn(from, to.address());
    } catch (CudaException e) {
      throw failures.failed("copying to " + to, e);
    }
  }

  @Override
  public void copyOut(DeviceMemory from, MemorySegment to) {
    checkLength("copyOut", to, from);
    enter();
    capturing.refuseCopyOut();
    try {
      staging.copyOut(from.address(), to);
    } catch (CudaException e) {
      throw failures.failed("copying from " + from, e);
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
      cuMemcpyDtoDAsync(
          DriverAddress.of(to.address()), DriverAddress.of(from.address()), from.bytes(), stream);
    } catch (CudaException e) {
      throw failures.failed("copying from " + from + " to " + to, e);
    }
  }

  @Override
  public void fill(DeviceMemory memory, byte value) {
    if (memory.bytes() == 0) {
      return;
    }
    enter();
    try {
      cuMemsetD8Async(DriverAddress.of(memory.address()), value, memory.bytes(), stream);
    } catch (CudaException e) {
      throw failures.failed("filling " + memory, e);
    }
  }

  @Override
  public void launch(Kernel kernel, Launch launch, Arguments arguments) {
    enter();
    if (launch.isEmpty()) {
      return;
    }
    if (capturing.isOn() && !launcher.hasLoaded(kernel)) {
      capturing.refuse("the first launch of " + kernel, "do the work once before it is captured");
    }
    launcher.launch(kernel, launch, arguments);
    if (synchronous && !capturing.isOn()) {
      synchronize();
    }
  }

  @Override
  public GpuGraph capture(Runnable work) {
    enter();
    capturing.refuseCapture();
    pool.trim();
    GpuPool ofGraph = new GpuPool(this);
    boolean isDone = false;
    poolOfGraph = ofGraph;
    capturing.begin();
    try {
      DriverGraph graph = DriverGraph.capture(stream, work);
      isDone = true;
      return new Replayable(graph, ofGraph, launcher.lastLaunch());
    } catch (CudaException e) {
      throw failures.failed("capturing a graph", e);
    } finally {
      capturing.end();
      poolOfGraph = null;
      if (!isDone) {
        ofGraph.trim();
      }
    }
  }

  /** A graph of this GPU with its memory. */
  private final class Replayable implements GpuGraph {
    private final DriverGraph graph;
    private final GpuPool memory;
    private final String name;
    private boolean isFreed;

    Replayable(DriverGraph graph, GpuPool memory, @Nullable String lastLaunch) {
      this.graph = graph;
      this.memory = memory;
      name = "in a graph that ends with " + lastLaunch;
    }

    @Override
    public void replay() {
      enter();
      capturing.refuseReplay();
      if (isFreed) {
        throw new IllegalStateException("the graph has been closed");
      }
      try {
        graph.launch(stream);
      } catch (CudaException e) {
        throw failures.failed("starting a graph", e);
      }
      failures.started(() -> name);
      if (synchronous) {
        synchronize();
      }
    }

    @Override
    public void close() {
      if (isFreed || closed || failures.isContextLost()) { // then its memory is gone
        return;
      }
      enter();
      capturing.refuseFree();
      isFreed = true;
      try {
        graph.destroy();
      } catch (CudaException e) {
        throw failures.failed("freeing a graph", e);
      }
      memory.trim();
    }
  }

  @Override
  public void synchronize() {
    enter();
    capturing.refuseSynchronize();
    try {
      cuStreamSynchronize(stream);
    } catch (CudaException e) {
      throw failures.failed("waiting for the GPU", e);
    }
  }

  @Override
  public GpuEvent record() {
    enter();
    capturing.refuseRecord();
    return new DriverEvent(stream, failures);
  }

  @Override
  public OptionalLong stream() {
    return OptionalLong.of(stream.handle());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    try {
      if (!failures.isContextLost()) { // else it was reported, and there is nothing to give back
        synchronize();
        pool.trim();
        launcher.close();
        staging.close();
        cuStreamDestroy(stream);
        cuDevicePrimaryCtxRelease(device);
      }
    } catch (CudaException e) {
      throw failures.failed("closing it", e);
    } finally {
      closed = true;
    }
  }
}
