package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.image.PictureException;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.simd.VectorModule;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code diptych}: CLIP from scratch on the Java machine. */
@Command(
    name = "diptych",
    description = "CLIP from scratch in Java: train it, ask it, hold it against others.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      TrainCommand.class,
      ClassifyCommand.class,
      CalibrateCommand.class,
      EvaluateCommand.class,
      EmbedCommand.class,
      IndexCommand.class,
      SearchCommand.class,
      ServeCommand.class,
      PullCommand.class,
      ConvertCommand.class,
      ExplainCommand.class,
      FeaturesCommand.class,
      TokenizeCommand.class,
      PreprocessCommand.class,
      DoctorCommand.class,
      BenchCommand.class
    })
public final class Main {
  /** Exit code of a user's mistake. */
  static final int MISTAKE = 2;

  /** Exit code after Ctrl-C, as shells expect it. */
  static final int INTERRUPTED = 130;

  /** The version in the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "diptych " + (version == null ? "(not packaged)" : version),
        "Java " + Runtime.version() + ", " + Runtime.getRuntime().availableProcessors() + " threads"
      };
    }
  }

  private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";

  /** Held, so that its level is not forgotten: Lucene announces its vector width otherwise. */
  private static final Logger LUCENE = Logger.getLogger("org.apache.lucene");

  private Main() {}

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  /** Runs a command and returns its exit code. */
  static int run(String... args) {
    try {
      VectorModule.require();
    } catch (IllegalStateException e) {
      System.err.println(e.getMessage() + ", as the launcher ./diptych does.");
      return MISTAKE;
    }
    if (System.getProperty(LOG_FORMAT) == null) {
      System.setProperty(LOG_FORMAT, "%4$s: %5$s%6$s%n"); // for people: no date, class or method
    }
    LUCENE.setLevel(Level.WARNING);
    return commandLine().execute(args);
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Main::misuse);
    line.setExecutionExceptionHandler(
        (exception, command, result) -> report(exception, command.getErr()));
    return line;
  }

  /** A wrong option is named in a line or two; pages of usage would push that off the screen. */
  private static int misuse(ParameterException exception, String[] args) {
    CommandLine command = exception.getCommandLine();
    PrintWriter err = command.getErr();
    if (args.length == 0) {
      command.usage(err);
    } else {
      err.println(exception.getMessage());
      UnmatchedArgumentException.printSuggestions(exception, err);
      err.printf("All options: %s --help%n", command.getCommandSpec().qualifiedName());
    }
    return MISTAKE;
  }

  private static int report(Exception exception, PrintWriter err) throws Exception {
    if (exception instanceof UserException
        || exception instanceof PictureException
        || exception instanceof GpuException) {
      err.println(exception.getMessage());
      return MISTAKE;
    }
    if (exception instanceof IOException failure) {
      err.println(UserException.reason(failure));
      return MISTAKE;
    }
    if (exception instanceof UncheckedIOException failure) {
      err.println(failure.getMessage());
      return MISTAKE;
    }
    throw exception;
  }
}
