package dev.diptych.bench;

import dev.diptych.kernels.simd.Lanes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a figure was measured on.
 *
 * @param cpu name of the processor as the system gives it
 * @param processors processors that the JVM may use
 * @param vectorBits width of the vectors that the kernels use
 * @param jdk version and vendor of the running JDK
 * @param os name, version and architecture of the system
 */
public record Machine(String cpu, int processors, int vectorBits, String jdk, String os) {
  /** This machine. */
  public static Machine current() {
    return new Machine(
        cpuName(),
        Runtime.getRuntime().availableProcessors(),
        Lanes.COUNT * Float.SIZE,
        System.getProperty("java.vm.version") + ", " + System.getProperty("java.vendor"),
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch"));
  }

  private static String cpuName() {
    Path info = Path.of("/proc/cpuinfo");
    if (Files.isReadable(info)) {
      try {
        List<String> lines = Files.readAllLines(info);
        String name = field(lines, "model name");
        String family = field(lines, "cpu family");
        String model = field(lines, "model\t");
        if (!name.isEmpty()) {
          return name + " (family " + family + ", model " + model + ")";
        }
      } catch (IOException e) {
        System.getLogger(Machine.class.getName())
            .log(System.Logger.Level.DEBUG, info.toString(), e);
      }
    }
    String windows = System.getenv("PROCESSOR_IDENTIFIER");
    return windows != null ? windows : System.getProperty("os.arch", "unknown");
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
