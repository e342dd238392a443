package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.doctor.DoctorJson;
import dev.diptych.clip.doctor.GpuBench;
import dev.diptych.clip.doctor.GpuBenchText;
import dev.diptych.clip.doctor.PyTorch;
import dev.diptych.kernels.cuda.CudaDevice;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuSurvey;
import dev.diptych.kernels.doctor.GpuCheckup;
import dev.diptych.kernels.doctor.GpuTiming;
import dev.diptych.kernels.doctor.Suite;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code diptych bench gpu}: the kernels of a GPU, beside PyTorch's. */
@Command(
    name = "gpu",
    mixinStandardHelpOptions = true,
    description = {
      "Times the kernels of this machine's GPU, beside PyTorch's on the same sizes.",
      "All are timed in turns, ours and then PyTorch's, some rounds of both; every figure is the"
          + " median over the rounds of medians of 20 runs, the L2 cache emptied before each."
    })
public final class BenchGpuCommand implements Callable<Integer> {
  private static final String DEFAULT_PYTHON = "python3";

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the result there.")
  private @Nullable Path json;

  @Option(
      names = "--chart",
      paramLabel = "FILE",
      description =
          "Also draw it there, as SVG: a bar for each kernel, PyTorch's time over ours or, without"
              + " PyTorch, the share of what the GPU can do at most.")
  private @Nullable Path chart;

  @Option(
      names = "--peer",
      paramLabel = "PYTHON",
      description =
          "A Python that has PyTorch; none for our kernels alone. Default: python3, if it has"
              + " PyTorch.")
  private @Nullable String peer;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often all is timed. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--only",
      paramLabel = "SUBSTRING",
      description =
          "Only timings with this in their name, such as attention; small and capital letters are"
              + " the same.")
  private @Nullable String only;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** A command whose options are yet to be read. */
  public BenchGpuCommand() {}

  /**
   * Measures.
   *
   * @return 0
   * @throws UserException if there is no GPU, or an option makes no sense
   */
  @Override
  public Integer call() throws IOException {
    if (rounds < 1) {
      throw new UserException("--rounds: expected at least 1, found " + rounds);
    }
    String part = only == null ? "" : only.toLowerCase(Locale.ROOT);
    Predicate<String> chosen = name -> name.toLowerCase(Locale.ROOT).contains(part);
    Suite suite = Suite.all();
    if (suite.timings().stream().map(GpuTiming::name).noneMatch(chosen)) {
      throw new UserException("--only: no timing has \"%s\" in its name.".formatted(only));
    }
    GpuSurvey survey = CudaDevice.survey();
    if (survey.problem() != null) {
      throw new UserException("bench gpu needs a GPU. " + survey.problem());
    }
    PrintWriter out = spec.commandLine().getOut();
    try (PyTorch torch = torch();
        Gpu gpu = CudaDevice.open()) {
      GpuCheckup checkup = new GpuCheckup(gpu, suite, chosen);
      GpuBench bench = GpuBench.measure(checkup, survey, rounds, torch, this::say);
      out.print(GpuBenchText.table(bench));
      out.flush(); // what was measured is seen, even if it cannot be written
      if (json != null) {
        DoctorJson.write(json, bench);
      }
      if (chart != null) {
        AtomicFile.writeText(chart, GpuBenchText.chart(bench));
      }
    }
    return 0;
  }

  /** PyTorch; null if nobody asked for it and it is not there, or it is not wanted. */
  private @Nullable PyTorch torch() throws IOException {
    if ("none".equals(peer)) {
      return null;
    }
    try {
      return new PyTorch(peer == null ? DEFAULT_PYTHON : peer);
    } catch (UserException e) {
      if (peer != null) {
        throw e;
      }
      say("ours alone. " + e.getMessage());
      return null;
    }
  }

  private void say(String what) {
    spec.commandLine().getErr().println("bench gpu: " + what);
  }
}
