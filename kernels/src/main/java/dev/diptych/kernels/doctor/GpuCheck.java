package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.CudaDevice;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.memory.Cost;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Runs every case against the GPU of this machine, then times the kernels against the bandwidth
 * that a plain copy reaches, and prints a table.
 */
public final class GpuCheck {
  private static final int MOST_FAILURES_SHOWN = 20;

  /** Bytes of the copy that measures the bandwidth: far more than any cache holds. */
  private static final long COPY_BYTES = 1L << 30;

  private final Gpu gpu;
  private final PrintStream out;
  private final List<String> failures = new ArrayList<>();
  private final List<Result> results = new ArrayList<>();
  private int passed;
  private double bytesPerSecond;

  /**
   * One timing.
   *
   * @param name what was timed
   * @param time how long it took
   * @param cost the least it has to do
   */
  private record Result(String name, Stopwatch.Time time, Cost cost) {
    double gigabytesPerSecond() {
      return cost.bytes() / time.median() / 1e6;
    }

    double teraflops() {
      return cost.flops() / time.median() / 1e9;
    }
  }

  private GpuCheck(Gpu gpu, PrintStream out) {
    this.gpu = gpu;
    this.out = out;
  }

  /**
   * {@code GpuCheck [--json FILE] [--no-timings]}; exit code 0 if all cases pass, 1 if one fails, 2
   * if there is no GPU.
   */
  public static void main(String[] arguments) throws IOException {
    List<String> options = List.of(arguments);
    int json = options.indexOf("--json");
    Gpu found;
    try {
      found = CudaDevice.open();
    } catch (GpuException e) {
      System.out.println(e.getMessage());
      System.exit(2);
      return;
    }
    try (Gpu gpu = found) {
      GpuCheck check = new GpuCheck(gpu, System.out);
      Suite suite = Suite.all();
      check.runCases(suite);
      if (!options.contains("--no-timings")) {
        check.runTimings(suite);
      }
      if (json >= 0) {
        Files.writeString(Path.of(options.get(json + 1)), check.json());
      }
      check.print();
      System.exit(check.failures.isEmpty() ? 0 : 1);
    }
  }

  private void runCases(Suite suite) {
    for (GpuCase one : suite.cases()) {
      try {
        one.run(gpu);
        passed++;
      } catch (GpuMismatch e) {
        failures.add(one.name() + ": " + e.getMessage());
      } catch (GpuException e) {
        failures.add(one.name() + ": " + e.getMessage());
        return; // after an error in a kernel the context is of no more use
      }
    }
  }

  private void runTimings(Suite suite) {
    try (Stopwatch stopwatch = new Stopwatch(gpu)) {
      bytesPerSecond = copyBandwidth(stopwatch);
      for (GpuTiming timing : suite.timings()) {
        try (Workbench bench = new Workbench(gpu, timing.precision(), true)) {
          GpuTiming.Launches launches = timing.setup().prepare(bench);
          results.add(new Result(timing.name(), stopwatch.time(launches), timing.cost()));
        } catch (GpuException e) {
          failures.add(timing.name() + ": " + e.getMessage());
          return;
        }
      }
    }
  }

  /** Bytes read plus bytes written a second. */
  private double copyBandwidth(Stopwatch stopwatch) {
    try (var scope = gpu.scope()) {
      DeviceMemory from = scope.allocate(COPY_BYTES);
      DeviceMemory to = scope.allocate(COPY_BYTES);
      Stopwatch.Time time = stopwatch.time(one -> one.copy(from, to));
      return 2.0 * COPY_BYTES / time.median() * 1e3;
    }
  }

  private void print() {
    GpuProperties gpuIs = gpu.properties();
    out.printf(
        Locale.ROOT,
        "%s, compute capability %s, %d multiprocessors, %d MiB of L2%n",
        gpuIs.name(),
        gpuIs.computeCapability(),
        gpuIs.multiprocessors(),
        gpuIs.l2Bytes() >> 20);
    if (!results.isEmpty()) {
      out.printf(
          Locale.ROOT,
          "copy of 1 GiB: %.0f GB/s read and written%n%n%-44s %9s %9s %8s %7s %8s%n",
          bytesPerSecond / 1e9,
          "kernel",
          "median µs",
          "least µs",
          "GB/s",
          "of copy",
          "TFLOP/s");
      for (Result result : results) {
        out.printf(
            Locale.ROOT,
            "%-44s %9.1f %9.1f %8.0f %6.0f%% %8.2f%n",
            result.name,
            1e3 * result.time.median(),
            1e3 * result.time.least(),
            result.gigabytesPerSecond(),
            100e9 * result.gigabytesPerSecond() / bytesPerSecond,
            result.teraflops());
      }
    }
    for (String failure : failures.subList(0, Math.min(MOST_FAILURES_SHOWN, failures.size()))) {
      out.println("FAILED " + failure);
    }
    out.printf(
        Locale.ROOT, "%d cases of %d agree with the reference%n", passed, passed + failures.size());
  }

  private String json() {
    StringBuilder text = new StringBuilder();
    GpuProperties gpuIs = gpu.properties();
    text.append("{\n  \"gpu\": ").append(quoted(gpuIs.name()));
    text.append(",\n  \"compute_capability\": ").append(quoted(gpuIs.computeCapability()));
    text.append(String.format(Locale.ROOT, ",\n  \"copy_bytes_per_second\": %.4g", bytesPerSecond));
    text.append(",\n  \"cases_passed\": ").append(passed).append(",\n  \"failures\": [");
    for (int i = 0; i < failures.size(); i++) {
      text.append(i == 0 ? "\n    " : ",\n    ").append(quoted(failures.get(i)));
    }
    text.append("],\n  \"timings\": [");
    for (int i = 0; i < results.size(); i++) {
      Result result = results.get(i);
      text.append(i == 0 ? "\n    " : ",\n    ");
      text.append(
          String.format(
              Locale.ROOT,
              "{\"name\": %s, \"median_us\": %.3f, \"least_us\": %.3f, \"bytes\": %d, \"flops\":"
                  + " %d}",
              quoted(result.name),
              1e3 * result.time.median(),
              1e3 * result.time.least(),
              result.cost.bytes(),
              result.cost.flops()));
    }
    return text.append("]\n}\n").toString();
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '\n' -> quoted.append("\\n");
        default -> {
          if (c >= ' ') {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }
}
