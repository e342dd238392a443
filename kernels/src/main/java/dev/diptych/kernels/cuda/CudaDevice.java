package dev.diptych.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.Optional;

/**
 * The way to an NVIDIA GPU. This class knows nothing of JCuda: it first looks for the driver's
 * library and goes on only where there is one, so that a machine without a GPU never loads a class
 * of JCuda or its native code.
 */
public final class CudaDevice {
  private static final System.Logger LOG = System.getLogger(CudaDevice.class.getName());

  private CudaDevice() {}

  /**
   * Opens the first GPU, which the driver picks by {@code CUDA_VISIBLE_DEVICES}, if there is one.
   *
   * @return empty if there is no driver, no GPU, or no native code for this platform
   * @throws GpuException if there is a GPU that is too old or a driver that is, or one that does
   *     not work or is in use by somebody else alone
   */
  public static Optional<Gpu> tryOpen() {
    if (!loads(driverLibrary())) {
      return Optional.empty();
    }
    try {
      return DriverGpu.tryOpen();
    } catch (LinkageError e) {
      LOG.log(System.Logger.Level.WARNING, noNatives(e));
      return Optional.empty();
    }
  }

  /**
   * Opens the first GPU, which the driver picks by {@code CUDA_VISIBLE_DEVICES}.
   *
   * @throws GpuException that says why there is none that can be used, and what to do
   */
  public static Gpu open() {
    if (!loads(driverLibrary())) {
      throw new GpuException(GpuErrors.noDriver(driverLibrary()));
    }
    try {
      return DriverGpu.tryOpen()
          .orElseThrow(
              () -> new GpuException(GpuErrors.noDevice(System.getenv("CUDA_VISIBLE_DEVICES"))));
    } catch (LinkageError e) {
      throw new GpuException(noNatives(e), e);
    }
  }

  /** What GPUs there are and, where the kernels cannot use them, why; opens none. */
  public static GpuSurvey survey() {
    boolean cublas = loads(isWindows() ? "cublas64_12.dll" : "libcublas.so.12");
    if (!loads(driverLibrary())) {
      return GpuSurvey.without(GpuErrors.noDriver(driverLibrary()), cublas);
    }
    try {
      return DriverDevices.survey(cublas);
    } catch (LinkageError e) {
      return GpuSurvey.without(noNatives(e), cublas);
    } catch (GpuException e) {
      return GpuSurvey.without(String.valueOf(e.getMessage()), cublas);
    }
  }

  private static String noNatives(LinkageError e) {
    return GpuErrors.noNatives(
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        String.valueOf(e.getMessage()));
  }

  /** Whether a library can be loaded. */
  @SuppressWarnings("restricted") // loads the driver or cuBLAS, nothing of ours
  private static boolean loads(String library) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** What the driver's library is called here. */
  static String driverLibrary() {
    return isWindows() ? "nvcuda.dll" : "libcuda.so.1";
  }

  private static boolean isWindows() {
    return System.getProperty("os.name", "").startsWith("Windows");
  }
}
