package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.doctor.Checkup;
import dev.diptych.clip.doctor.CheckupText;
import dev.diptych.clip.doctor.DoctorJson;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code diptych doctor}: does this machine compute what it should, and how fast? */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Says what this machine is, and whether its kernels compute what they should.",
      "Ops of the CPU, and every kernel of a GPU if there is one, are held to references in double"
          + " and timed against what the machine was measured to do at most. The exit code is 0 if"
          + " all that could be checked agrees, 1 if something does not."
    })
public final class DoctorCommand implements Callable<Integer> {
  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  @Option(names = "--no-timings", description = "Check, but time nothing.")
  private boolean noTimings;

  @Option(
      names = "--only",
      paramLabel = "SUBSTRING",
      description =
          "Only ops, cases and timings with this in their name, such as attention; small and"
              + " capital letters are the same.")
  private @Nullable String only;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** A command whose options are yet to be read. */
  public DoctorCommand() {}

  /**
   * Checks.
   *
   * @return 0, or 1 if a kernel does not agree with its reference
   * @throws UserException if nothing is called as {@code --only} says
   */
  @Override
  public Integer call() {
    String part = only == null ? "" : only.toLowerCase(Locale.ROOT);
    Checkup checkup = Checkup.run(name -> name.toLowerCase(Locale.ROOT).contains(part), !noTimings);
    if (checkup.foundNothing()) {
      throw new UserException(
          "--only: no op, case or timing has \"%s\" in its name; such names are \"matmul\", \"layernorm forward\" and \"attention\"."
              .formatted(only));
    }
    PrintWriter out = spec.commandLine().getOut();
    out.print(json ? DoctorJson.text(checkup) : CheckupText.of(checkup));
    out.flush();
    return checkup.agrees() ? 0 : 1;
  }
}
