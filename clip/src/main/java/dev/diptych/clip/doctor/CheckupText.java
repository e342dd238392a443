package dev.diptych.clip.doctor;

import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.cuda.GpuSurvey;
import dev.diptych.kernels.doctor.Ceilings;
import dev.diptych.kernels.doctor.Machine;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;

/** A {@link Checkup} for people. */
public final class CheckupText {
  private static final int MOST_FAILURES_SHOWN = 20;

  private final Formatter out = new Formatter(Locale.ROOT);

  private CheckupText() {}

  /** Some tables and a sentence. */
  public static String of(Checkup checkup) {
    CheckupText text = new CheckupText();
    text.machine(checkup.machine());
    text.survey(checkup.survey());
    text.cpu(checkup.cpu());
    if (checkup.gpu() != null) {
      text.gpu(checkup.gpu(), checkup.survey().cublas());
    }
    text.out.format(
        "%n%s%n", checkup.agrees() ? "All that was checked agrees." : "Something does not agree.");
    return text.out.toString();
  }

  private void machine(Machine machine) {
    Boolean fma = machine.fma();
    out.format("%-10s %s%n", "CPU", machine.cpu());
    out.format("%-10s %d processors, %d threads%n", "", machine.processors(), machine.threads());
    out.format(
        "%-10s on, vectors of %d bits, %s%n",
        "Vector API",
        machine.vectorBits(),
        fma == null ? "fma unknown" : fma ? "fma" : "no fma: products will be slow");
    out.format(
        "%-10s %s, heap of %d MiB at the most%n", "Java", machine.jdk(), machine.heapBytes() >> 20);
    out.format("%-10s %s%n", "System", machine.os());
  }

  private void survey(GpuSurvey survey) {
    for (GpuProperties gpu : survey.gpus()) {
      out.format(
          "%-10s %s, compute capability %s, %d multiprocessors, %.1f GiB, L2 of %d MiB%n",
          "GPU",
          gpu.name(),
          gpu.computeCapability(),
          gpu.multiprocessors(),
          gpu.memoryBytes() / (double) (1 << 30),
          gpu.l2Bytes() >> 20);
    }
    if (survey.problem() != null) {
      out.format("%-10s none to use. %s%n", "GPU", survey.problem());
    }
    if (survey.cuda() != null) {
      String driver = survey.driver() == null ? "of unknown version" : survey.driver();
      out.format("%-10s %s, CUDA %s%n", "Driver", driver, survey.cuda());
    }
    out.format(
        "%-10s %s%n",
        "cuBLAS 12",
        survey.cublas()
            ? "can be loaded"
            : "cannot be loaded; it would be timed beside our products");
  }

  private void cpu(Checkup.Cpu cpu) {
    if (cpu.ops().isEmpty()) {
      return;
    }
    out.format("%n");
    out.format(
        "%-44s %9s %9s%s%n",
        "Kernels of the CPU, f32", "error", "allowed", speedHeads(cpu.ceilings() != null));
    for (Checkup.CpuOp op : cpu.ops()) {
      String error = op.error() == null ? "NaN" : String.format(Locale.ROOT, "%.1e", op.error());
      out.format(
          "%-44s %9s %9.0e%s%s%n",
          op.name(),
          error,
          op.tolerance(),
          op.speed() == null ? "" : speed(op.speed()),
          op.agrees() ? "" : "  DOES NOT AGREE");
    }
    if (cpu.ceilings() != null) {
      out.format(
          "Ceilings: a copy at %s GB/s read and written, multiply-adds at %s GFLOP/s. What fits the"
              + " caches can pass the first.%n",
          Rounded.text(cpu.ceilings().gigabytesPerSecond()),
          Rounded.text(cpu.ceilings().f32Gigaflops()));
    }
  }

  private void gpu(Checkup.GpuResult gpu, boolean cublas) {
    out.format("%n");
    Ceilings ceilings = gpu.ceilings();
    if (!gpu.timings().isEmpty()) {
      out.format("%-44s%s%n", "Kernels of the GPU", speedHeads(true));
      gpu.timings().forEach(row -> out.format("%-44s%s%n", row.name(), speed(row)));
    }
    if (ceilings != null) {
      out.format("%s%n", ceilings(ceilings, product(cublas)));
    }
    for (String name : gpu.tooLarge()) {
      out.format("%s: not timed, the GPU has too little memory%n", name);
    }
    List<String> failures = gpu.failures();
    failures.stream()
        .limit(MOST_FAILURES_SHOWN)
        .forEach(failure -> out.format("FAILED %s%n", failure));
    if (failures.size() > MOST_FAILURES_SHOWN) {
      out.format("and %d more%n", failures.size() - MOST_FAILURES_SHOWN);
    }
    out.format("%d cases of %d agree with the reference%n", gpu.agreeing(), gpu.cases());
  }

  static String speedHeads(boolean withTimings) {
    return !withTimings
        ? ""
        : String.format(Locale.ROOT, " %9s %13s %12s", "µs", "reached", "of ceiling");
  }

  static String speed(KernelRow row) {
    return String.format(
        Locale.ROOT,
        " %9.1f %13s %4.0f %% %s",
        row.medianUs(),
        row.rate(),
        100 * row.ofCeiling(),
        row.bound());
  }

  /** Whose matrix product is the ceiling. */
  static String product(boolean cublas) {
    return cublas ? "the faster of our and cuBLAS's products" : "our largest matrix product";
  }

  static String ceilings(Ceilings ceilings, String product) {
    return "Ceilings: a copy of 1 GiB at %s GB/s read and written; %s at %s TFLOP/s in f32, %s in bf16."
        .formatted(
            Rounded.text(ceilings.gigabytesPerSecond()),
            product,
            Rounded.text(ceilings.f32Gigaflops() / 1e3),
            Rounded.text(ceilings.bf16Gigaflops() / 1e3));
  }
}
