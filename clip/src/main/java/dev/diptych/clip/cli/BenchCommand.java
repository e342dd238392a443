package dev.diptych.clip.cli;

import dev.diptych.clip.JsonFile;
import dev.diptych.clip.UserException;
import dev.diptych.kernels.doctor.QuickLook;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code diptych bench}: how near do the kernels come to what this machine can do? */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Times the linear layers of ViT-B/32 on the CPU or, as bench gpu, the kernels of a GPU.",
      "On the CPU against its measured peak of multiply-adds, weights packed once, as for"
          + " inference. More is measured, and more carefully, by the JMH benchmarks of a checkout."
    },
    subcommands = BenchGpuCommand.class)
public final class BenchCommand implements Callable<Integer> {
  private static final double LONGEST = 3600;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "0.6",
      description = "Time for each line of the table. Default: ${DEFAULT-VALUE}.")
  private double seconds;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the result there, in the layout of bench/results/.")
  private @Nullable Path json;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** A command whose options are yet to be read. */
  public BenchCommand() {}

  /**
   * Measures.
   *
   * @return 0
   * @throws UserException if an option makes no sense
   */
  @Override
  public Integer call() throws IOException {
    if (!(seconds > 0 && seconds <= LONGEST)) {
      throw new UserException("--seconds: expected a number above 0, up to 3600, found " + seconds);
    }
    PrintWriter out = spec.commandLine().getOut();
    QuickLook.Result result = QuickLook.run(seconds, out);
    if (json != null) {
      JsonFile.write(json, result);
      out.println("Written to " + json);
    }
    return 0;
  }
}
