package dev.diptych.clip.doctor;

import dev.diptych.kernels.cuda.CudaDevice;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.GpuSurvey;
import dev.diptych.kernels.doctor.Ceilings;
import dev.diptych.kernels.doctor.CpuCheckup;
import dev.diptych.kernels.doctor.GpuCheckup;
import dev.diptych.kernels.doctor.Machine;
import dev.diptych.kernels.doctor.Speed;
import dev.diptych.kernels.doctor.Suite;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What {@code diptych doctor} found; as JSON, one document.
 *
 * @param agrees whether all that could be checked agrees with its reference
 * @param machine the processor and Java
 * @param survey the GPUs
 * @param cpu ops of the CPU
 * @param gpu kernels of the GPU; null if there is none to use
 */
public record Checkup(
    boolean agrees, Machine machine, GpuSurvey survey, Cpu cpu, @Nullable GpuResult gpu) {

  /**
   * An op of the CPU.
   *
   * @param name the op, direction, sizes
   * @param agrees whether its error is within the tolerance
   * @param error the largest, relative to the larger of 1 and the output's root mean square; null
   *     for one that is no number
   * @param tolerance what the error may be
   * @param speed null if nothing was timed
   */
  public record CpuOp(
      String name,
      boolean agrees,
      @Nullable Double error,
      double tolerance,
      @Nullable KernelRow speed) {}

  /**
   * The CPU.
   *
   * @param ceilings what it can do at most; null if nothing was timed
   */
  public record Cpu(@Nullable Ceilings ceilings, List<CpuOp> ops) {}

  /**
   * The GPU.
   *
   * @param cases how many cases were run
   * @param agreeing how many of them agree with the reference
   * @param failures what was found in the others, or went wrong later
   * @param ceilings what it can do at most; null if nothing was timed
   * @param timings the kernels; empty if nothing was timed
   * @param tooLarge timings for which it has too little memory
   */
  public record GpuResult(
      int cases,
      int agreeing,
      List<String> failures,
      @Nullable Ceilings ceilings,
      List<KernelRow> timings,
      List<String> tooLarge) {
    private boolean isNothing() {
      return cases == 0 && timings.isEmpty() && failures.isEmpty();
    }
  }

  /**
   * Checks this machine.
   *
   * @param chosen which names of ops, cases and timings
   * @param withTimings whether to time them
   */
  public static Checkup run(Predicate<String> chosen, boolean withTimings) {
    GpuSurvey survey = CudaDevice.survey();
    Cpu cpu = cpu(chosen, withTimings);
    GpuResult gpu = survey.problem() == null ? gpu(chosen, withTimings) : null;
    return of(Machine.current(), survey, cpu, gpu);
  }

  /** What was found, and whether all of it agrees. */
  static Checkup of(Machine machine, GpuSurvey survey, Cpu cpu, @Nullable GpuResult gpu) {
    boolean agrees =
        cpu.ops().stream().allMatch(CpuOp::agrees) && (gpu == null || gpu.failures().isEmpty());
    return new Checkup(agrees, machine, survey, cpu, gpu);
  }

  private static Cpu cpu(Predicate<String> chosen, boolean withTimings) {
    List<CpuCheckup.Result> results = CpuCheckup.run(chosen, withTimings);
    Ceilings ceilings = withTimings && !results.isEmpty() ? CpuCheckup.ceilings() : null;
    List<CpuOp> ops = new ArrayList<>();
    for (CpuCheckup.Result result : results) {
      Speed speed = result.speed();
      ops.add(
          new CpuOp(
              result.name(),
              result.agrees(),
              Double.isFinite(result.error()) ? Rounded.to(3, result.error()) : null,
              result.tolerance(),
              speed == null || ceilings == null ? null : KernelRow.of(speed, ceilings)));
    }
    return new Cpu(ceilings, ops);
  }

  private static GpuResult gpu(Predicate<String> chosen, boolean withTimings) {
    List<String> failures = new ArrayList<>();
    try (Gpu gpu = CudaDevice.open()) {
      GpuCheckup checkup = new GpuCheckup(gpu, Suite.all(), chosen);
      GpuCheckup.Cases cases = checkup.check();
      failures.addAll(cases.failures());
      int run = cases.agreeing() + failures.size();
      Ceilings ceilings = null;
      List<KernelRow> rows = new ArrayList<>();
      List<String> tooLarge = List.of();
      if (withTimings && cases.isComplete()) {
        try {
          Ceilings measured = checkup.ceilings();
          ceilings = measured;
          GpuCheckup.Times times = checkup.time();
          times.speeds().forEach(speed -> rows.add(KernelRow.of(speed, measured)));
          tooLarge = times.tooLarge();
          failures.addAll(times.failures());
        } catch (GpuException e) {
          failures.add(String.valueOf(e.getMessage()));
        }
      }
      return new GpuResult(run, cases.agreeing(), failures, ceilings, rows, tooLarge);
    } catch (GpuException e) { // it cannot be opened: somebody else may have it alone
      failures.add(String.valueOf(e.getMessage()));
      return new GpuResult(0, 0, failures, null, List.of(), List.of());
    }
  }

  /** Whether nothing had a name that was chosen. */
  public boolean foundNothing() {
    return cpu.ops().isEmpty() && (gpu == null || gpu.isNothing());
  }
}
