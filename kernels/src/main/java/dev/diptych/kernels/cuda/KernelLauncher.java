package dev.diptych.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.HashMap;
import java.util.Map;
import jcuda.CudaException;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * Launches kernels by a direct call of the driver's {@code cuLaunchKernel}: some tens of
 * nanoseconds, where JCuda's takes microseconds. The arguments are passed as one block of bytes
 * ({@code CU_LAUNCH_PARAM_BUFFER_POINTER}), which the driver copies before the call returns, so one
 * block serves all launches. While a stream is captured the launch becomes a node of a graph, and
 * the block is copied into the node (cuda.h, {@code cuGraphAddKernelNode}: what {@code extra}
 * points to is copied during the call).
 */
final class KernelLauncher {
  private static final int MOST_ARGUMENT_BYTES = 4096;

  /** What a block may use of shared memory without asking. */
  private static final int SHARED_BYTES_UNASKED = 48 << 10;

  private static final long END = 0;
  private static final long BUFFER_POINTER = 1;
  private static final long BUFFER_SIZE = 2;

  private final GpuProperties properties;
  private final DriverFailures failures;
  private final MemorySegment stream;
  private final Arena arena = Arena.ofShared();
  private final MethodHandle cuLaunchKernel;
  private final MemorySegment block = arena.allocate(MOST_ARGUMENT_BYTES, 16);
  private final MemorySegment blockSize = arena.allocate(JAVA_LONG);
  private final MemorySegment extra = arena.allocate(JAVA_LONG, 5);
  private final DriverModules modules;
  private final Map<Kernel, LoadedKernel> kernels = new HashMap<>();
  private @Nullable Kernel lastKernel;
  private @Nullable Launch lastLaunch;
  private @Nullable Arguments lastArguments;

  /** A kernel, and how much dynamic shared memory it has been allowed. */
  private static final class LoadedKernel {
    final DriverModules.FunctionHandle function;
    final MemorySegment handle;
    int sharedBytes = SHARED_BYTES_UNASKED;

    LoadedKernel(DriverModules.FunctionHandle function) {
      this.function = function;
      handle = MemorySegment.ofAddress(function.handle());
    }
  }

  @SuppressWarnings("restricted") // one function of the driver, with the signature of cuda.h
  KernelLauncher(GpuProperties properties, long stream, DriverFailures failures) {
    this.properties = properties;
    this.failures = failures;
    modules = new DriverModules(failures);
    this.stream = MemorySegment.ofAddress(stream);
    MemorySegment symbol =
        SymbolLookup.libraryLookup(CudaDevice.driverLibrary(), arena)
            .find("cuLaunchKernel")
            .orElseThrow(() -> new GpuException("The NVIDIA driver has no cuLaunchKernel."));
    cuLaunchKernel =
        Linker.nativeLinker()
            .downcallHandle(
                symbol,
                FunctionDescriptor.of(
                    JAVA_INT, // CUresult
                    ADDRESS, // CUfunction
                    JAVA_INT, JAVA_INT, JAVA_INT, // grid
                    JAVA_INT, JAVA_INT, JAVA_INT, // block
                    JAVA_INT, // shared memory
                    ADDRESS, // CUstream
                    ADDRESS, // void** kernelParams
                    ADDRESS)); // void** extra
    extra.setAtIndex(JAVA_LONG, 0, BUFFER_POINTER);
    extra.setAtIndex(JAVA_LONG, 1, block.address());
    extra.setAtIndex(JAVA_LONG, 2, BUFFER_SIZE);
    extra.setAtIndex(JAVA_LONG, 3, blockSize.address());
    extra.setAtIndex(JAVA_LONG, 4, END);
  }

  /** Whether a kernel has been launched before, so that the driver has loaded it. */
  boolean hasLoaded(Kernel kernel) {
    return kernels.containsKey(kernel);
  }

  /** Starts a kernel. */
  void launch(Kernel kernel, Launch launch, Arguments arguments) {
    LoadedKernel loaded = kernels.get(kernel);
    if (loaded == null) {
      loaded = new LoadedKernel(modules.function(kernel));
      kernels.put(kernel, loaded);
    }
    if (launch.sharedBytes() > loaded.sharedBytes) {
      allowShared(kernel, loaded, launch.sharedBytes());
    }
    MemorySegment.copy(MemorySegment.ofBuffer(arguments.packed()), 0, block, 0, arguments.size());
    blockSize.set(JAVA_LONG, 0, arguments.size());
    int result = call(loaded, launch);
    if (result != CUresult.CUDA_SUCCESS) {
      throw failures.notLaunched(describe(kernel, launch, arguments), CUresult.stringFor(result));
    }
    lastKernel = kernel;
    lastLaunch = launch;
    lastArguments = arguments;
    failures.started(this::lastLaunch);
  }

  private int call(LoadedKernel loaded, Launch launch) {
    try {
      return (int)
          cuLaunchKernel.invokeExact(
              loaded.handle,
              launch.gridX(),
              launch.gridY(),
              launch.gridZ(),
              launch.blockX(),
              launch.blockY(),
              launch.blockZ(),
              launch.sharedBytes(),
              stream,
              MemorySegment.NULL,
              extra);
    } catch (Throwable e) { // invokeExact declares it; a downcall throws only if it is misused
      throw new IllegalStateException("cuLaunchKernel cannot be called", e);
    }
  }

  private void allowShared(Kernel kernel, LoadedKernel loaded, int bytes) {
    if (bytes > properties.sharedBytesPerBlock()) {
      throw new GpuException(
          kernel
              + " needs "
              + bytes
              + " bytes of shared memory in a block; "
              + properties.name()
              + " has "
              + properties.sharedBytesPerBlock()
              + ".");
    }
    try {
      JCudaDriver.cuFuncSetAttribute(
          loaded.function,
          CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
          bytes);
    } catch (CudaException e) {
      throw failures.failed("giving " + kernel + " " + bytes + " bytes of shared memory", e);
    }
    loaded.sharedBytes = bytes;
  }

  /** The last launch in words, or null if there was none. */
  @Nullable String lastLaunch() {
    return lastKernel == null || lastLaunch == null || lastArguments == null
        ? null
        : describe(lastKernel, lastLaunch, lastArguments);
  }

  private static String describe(Kernel kernel, Launch launch, Arguments arguments) {
    return kernel + " " + arguments + " with " + launch;
  }

  void close() {
    modules.close();
    kernels.clear();
    arena.close();
  }
}
