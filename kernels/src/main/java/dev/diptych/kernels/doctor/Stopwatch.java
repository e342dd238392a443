package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuEvent;
import dev.diptych.kernels.cuda.GpuScope;
import java.util.Arrays;

/**
 * Times work on a GPU with its own clock. Before every run the L2 cache is filled with something
 * else, so that a run reads from memory what it would in a model; that also keeps the GPU busy
 * until the run has been handed over, so the host's time does not count.
 */
final class Stopwatch implements AutoCloseable {
  private static final int WARM_UPS = 3;
  private static final int RUNS = 20;

  private final Gpu gpu;
  private final GpuScope scope;
  private final DeviceMemory other;

  /**
   * What was measured.
   *
   * @param median milliseconds
   * @param least milliseconds
   */
  record Time(double median, double least) {}

  Stopwatch(Gpu gpu) {
    this.gpu = gpu;
    scope = gpu.scope();
    other = scope.allocate(4L * Math.max(1 << 20, gpu.properties().l2Bytes()));
  }

  /** Runs it some times to warm up, then twenty times. */
  Time time(GpuTiming.Launches launches) {
    for (int i = 0; i < WARM_UPS; i++) {
      launches.on(gpu);
    }
    double[] times = new double[RUNS];
    for (int i = 0; i < RUNS; i++) {
      gpu.fill(other, (byte) i);
      try (GpuEvent start = gpu.record()) {
        launches.on(gpu);
        try (GpuEvent end = gpu.record()) {
          times[i] = end.millisecondsSince(start);
        }
      }
    }
    Arrays.sort(times);
    return new Time((times[RUNS / 2 - 1] + times[RUNS / 2]) / 2, times[0]);
  }

  @Override
  public void close() {
    scope.close();
  }
}
