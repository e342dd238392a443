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
   * Opens the first GPU, which the driver picks by {@code CUDA_VISIBLE_DEVICES}.
   *
   * @return empty if there is no driver, no GPU, or no native code for this platform
   * @throws GpuException if there is a GPU that is too old or a driver that is, or that does not
   *     work
   */
  public static Optional<Gpu> tryOpen() {
    if (!loads(driverLibrary())) {
      return Optional.empty();
    }
    try {
      return DriverGpu.tryOpen();
    } catch (LinkageError e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "There is an NVIDIA driver, but JCuda has no native code for {0} on {1}; computing on the"
              + " CPU ({2})",
          System.getProperty("os.name"),
          System.getProperty("os.arch"),
          e.getMessage());
      return Optional.empty();
    }
  }

  /** What GPUs there are and, where the kernels cannot use them, why; opens none. */
  public static GpuSurvey survey() {
    boolean cublas = loads(isWindows() ? "cublas64_12.dll" : "libcublas.so.12");
    if (!loads(driverLibrary())) {
      return GpuSurvey.without(
          "There is no NVIDIA driver: " + driverLibrary() + " cannot be loaded.", cublas);
    }
    try {
      return DriverDevices.survey(cublas);
    } catch (LinkageError e) {
      return GpuSurvey.without(
          "There is an NVIDIA driver, but JCuda has no native code for %s on %s (%s)."
              .formatted(
                  System.getProperty("os.name"), System.getProperty("os.arch"), e.getMessage()),
          cublas);
    } catch (GpuException e) {
      return GpuSurvey.without(String.valueOf(e.getMessage()), cublas);
    }
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
