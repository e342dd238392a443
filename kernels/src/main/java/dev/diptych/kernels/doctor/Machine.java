package dev.diptych.kernels.doctor;

import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a figure was measured on.
 *
 * @param cpu name of the processor as the system gives it
 * @param processors processors that the JVM may use
 * @param threads threads that the kernels use
 * @param vectorBits width of the vectors that the kernels use
 * @param fma whether a processor multiplies and adds in one instruction; null where the system does
 *     not say
 * @param jdk version and vendor of the running JDK
 * @param heapBytes the most that Java takes for its objects
 * @param os name, version and architecture of the system
 */
public record Machine(
    String cpu,
    int processors,
    int threads,
    int vectorBits,
    @Nullable Boolean fma,
    String jdk,
    long heapBytes,
    String os) {
  private static final Path INFO = Path.of("/proc/cpuinfo");

  /** This machine. */
  public static Machine current() {
    List<String> info = info();
    return new Machine(
        cpuName(info),
        Runtime.getRuntime().availableProcessors(),
        Parallel.threads(),
        Lanes.COUNT * Float.SIZE,
        fma(info),
        System.getProperty("java.vm.version") + ", " + System.getProperty("java.vendor"),
        Runtime.getRuntime().maxMemory(),
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch"));
  }

  /** What Linux says of its processors; nothing elsewhere. */
  private static List<String> info() {
    if (Files.isReadable(INFO)) {
      try {
        return Files.readAllLines(INFO);
      } catch (IOException e) {
        System.getLogger(Machine.class.getName())
            .log(System.Logger.Level.DEBUG, INFO.toString(), e);
      }
    }
    return List.of();
  }

  private static String cpuName(List<String> info) {
    String name = field(info, "model name");
    if (!name.isEmpty()) {
      return name
          + " (family "
          + field(info, "cpu family")
          + ", model "
          + field(info, "model\t")
          + ")";
    }
    String windows = System.getenv("PROCESSOR_IDENTIFIER");
    return windows != null ? windows : System.getProperty("os.arch", "unknown");
  }

  private static @Nullable Boolean fma(List<String> info) {
    if (System.getProperty("os.arch", "").equals("aarch64")) {
      return true; // belongs to the instruction set
    }
    String flags = field(info, "flags");
    return flags.isEmpty() ? null : (" " + flags + " ").contains(" fma ");
  }

  private static String field(List<String> lines, String key) {
    for (String line : lines) {
      if (line.startsWith(key)) {
        return line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return "";
  }
}
