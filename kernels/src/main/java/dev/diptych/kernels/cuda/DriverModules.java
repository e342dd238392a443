package dev.diptych.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleLoadDataJIT;
import static jcuda.driver.JCudaDriver.cuModuleUnload;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.JITOptions;

/** The modules that were loaded; each is compiled by the driver when its first kernel is used. */
final class DriverModules {
  private static final System.Logger LOG = System.getLogger(DriverModules.class.getName());

  private static final int LOG_BYTES = 16_384;

  private final Map<String, CUmodule> modules = new HashMap<>();
  private final DriverFailures failures;

  DriverModules(DriverFailures failures) {
    this.failures = failures;
  }

  /** A function that tells its handle. */
  static final class FunctionHandle extends CUfunction {
    long handle() {
      return getNativePointer();
    }
  }

  /** The function of a kernel, whose module is loaded if it was not yet. */
  FunctionHandle function(Kernel kernel) {
    CUmodule module = modules.computeIfAbsent(kernel.module(), this::load);
    FunctionHandle function = new FunctionHandle();
    try {
      cuModuleGetFunction(function, module, kernel.entry());
    } catch (CudaException e) {
      GpuException failed = failures.failed("looking for " + kernel, e);
      throw failures.isContextLost()
          ? failed
          : new GpuException("There is no kernel " + kernel + ": " + e.getMessage(), e);
    }
    return function;
  }

  private CUmodule load(String resource) {
    byte[] ptx = read(resource);
    CUmodule module = new CUmodule();
    try {
      cuModuleLoadData(module, ptx);
    } catch (CudaException e) {
      GpuException failed = failures.failed("loading " + resource, e);
      if (failures.isContextLost()) {
        throw failed;
      }
      throw new GpuException(
          "The driver does not compile " + resource + ": " + e.getMessage() + "\n" + log(ptx), e);
    }
    return module;
  }

  /** The text of a module, with the zero behind it that the driver looks for. */
  private static byte[] read(String resource) {
    try (InputStream in = DriverModules.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new GpuException("The class path lacks " + resource + ".");
      }
      byte[] text = in.readAllBytes();
      return Arrays.copyOf(text, text.length + 1);
    } catch (IOException e) {
      throw new GpuException(resource + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** Loads a faulty module once more, to hear what the compiler has to say. */
  private static String log(byte[] ptx) {
    JITOptions options = new JITOptions();
    options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, LOG_BYTES);
    options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[LOG_BYTES]);
    try {
      cuModuleLoadDataJIT(new CUmodule(), Pointer.to(ptx), options);
    } catch (CudaException e) {
      LOG.log(System.Logger.Level.DEBUG, "the same error again, as expected", e);
    }
    return options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER);
  }

  /** Unloads everything. */
  void close() {
    for (CUmodule module : modules.values()) {
      cuModuleUnload(module);
    }
    modules.clear();
  }
}
