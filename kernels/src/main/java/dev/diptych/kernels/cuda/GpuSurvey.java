package dev.diptych.kernels.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The GPUs of a machine, whether the kernels can use them or not.
 *
 * @param problem why the kernels cannot use the first, a sentence; null if they can
 * @param driver version of NVIDIA's driver, as "580.159.04"; null where nothing tells it
 * @param cuda the version of CUDA that the driver is made for, as "13.0"; null without a driver
 * @param cublas whether cuBLAS 12 can be loaded
 * @param gpus all that the driver sees, the first of which the kernels use
 */
public record GpuSurvey(
    @Nullable String problem,
    @Nullable String driver,
    @Nullable String cuda,
    boolean cublas,
    List<GpuProperties> gpus) {

  /** Where the driver says what it is. */
  private static final Path DRIVER = Path.of("/proc/driver/nvidia/version");

  private static final Pattern VERSION = Pattern.compile("\\s(\\d{3,}\\.\\d+(\\.\\d+)?)\\s");

  /** The list cannot be changed. */
  public GpuSurvey {
    gpus = List.copyOf(gpus);
  }

  static GpuSurvey without(String problem, boolean cublas) {
    return new GpuSurvey(problem, driverVersion(), null, cublas, List.of());
  }

  static @Nullable String driverVersion() {
    if (Files.isReadable(DRIVER)) {
      try {
        return driverVersion(Files.readString(DRIVER));
      } catch (IOException e) {
        System.getLogger(GpuSurvey.class.getName())
            .log(System.Logger.Level.DEBUG, DRIVER.toString(), e);
      }
    }
    return null;
  }

  /** The version in what the driver says of itself. */
  static @Nullable String driverVersion(String text) {
    Matcher version = VERSION.matcher(text);
    return version.find() ? version.group(1) : null;
  }
}
