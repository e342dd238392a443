package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.GpuLostException;
import dev.diptych.kernels.cuda.GpuOutOfMemoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Runs the cases and the timings of a {@link Suite} on a GPU. */
public final class GpuCheckup {
  private final Gpu gpu;
  private final Suite suite;
  private final Predicate<String> chosen;

  /**
   * How the cases ended.
   *
   * @param agreeing cases that agree with the reference
   * @param failures the others: name and what was found
   * @param isComplete whether all were run: after a fault inside a kernel a GPU is of no more use
   */
  public record Cases(int agreeing, List<String> failures, boolean isComplete) {}

  /**
   * How long the kernels took.
   *
   * @param speeds one for each timing that was taken, in their order
   * @param tooLarge names of timings for which the GPU has too little memory
   * @param failures timings that failed: name and why; a GPU that is lost ends them
   */
  public record Times(List<Speed> speeds, List<String> tooLarge, List<String> failures) {}

  /**
   * A checkup.
   *
   * @param gpu stays open
   * @param suite what there is to run
   * @param chosen which names of cases and timings are run
   */
  public GpuCheckup(Gpu gpu, Suite suite, Predicate<String> chosen) {
    this.gpu = gpu;
    this.suite = suite;
    this.chosen = chosen;
  }

  /** Holds the cases to the reference. */
  public Cases check() {
    int agreeing = 0;
    List<String> failures = new ArrayList<>();
    for (GpuCase one : suite.cases()) {
      if (!chosen.test(one.name())) {
        continue;
      }
      try {
        one.run(gpu);
        agreeing++;
      } catch (GpuLostException e) {
        failures.add(one.name() + ": " + e.getMessage());
        return new Cases(agreeing, failures, false);
      } catch (GpuMismatch | GpuException e) { // a kernel that is wrong, or cannot be started
        failures.add(one.name() + ": " + e.getMessage());
      }
    }
    return new Cases(agreeing, failures, true);
  }

  /** Measures what the GPU can do at most. */
  public Ceilings ceilings() {
    try {
      return Ceilings.ofGpu(gpu, suite);
    } catch (GpuOutOfMemoryException e) {
      throw e;
    } catch (GpuException e) {
      throw new GpuException("measuring the GPU's ceilings: " + e.getMessage(), e);
    }
  }

  /** Times the kernels. */
  public Times time() {
    Times times = new Times(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (GpuTiming timing : suite.timings()) {
      if (!chosen.test(timing.name())) {
        continue;
      }
      try {
        times.speeds.add(time(gpu, timing));
      } catch (GpuOutOfMemoryException e) {
        times.tooLarge.add(timing.name());
      } catch (GpuException e) {
        times.failures.add(timing.name() + ": " + e.getMessage());
        if (e instanceof GpuLostException) {
          break;
        }
      }
    }
    return times;
  }

  static Speed time(Gpu gpu, GpuTiming timing) {
    try (Stopwatch stopwatch = new Stopwatch(gpu);
        Workbench bench = new Workbench(gpu, timing.precision(), true)) {
      Stopwatch.Time time = stopwatch.time(timing.setup().prepare(bench));
      return new Speed(
          timing.name(),
          timing.precision(),
          timing.cost(),
          1e3 * time.median(),
          1e3 * time.least());
    }
  }
}
