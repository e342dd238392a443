package dev.diptych.clip.cli;

import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.weights.LoadedModel;
import dev.diptych.clip.weights.ModelFiles;
import dev.diptych.clip.weights.ModelWriter;
import dev.diptych.tensor.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code diptych convert}: a model in the form that another program reads. */
@Command(
    name = "convert",
    description = {
      "Writes a model as transformers or open_clip read it, or as one file with OpenAI's names,",
      "and says what it read."
    },
    mixinStandardHelpOptions = true)
final class ConvertCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ModelSettings settings = new ModelSettings();

  @Option(
      names = "--to",
      required = true,
      paramLabel = "FORMAT",
      description = {
        "hf: a directory for transformers; open_clip: one for open_clip; openai: a .safetensors"
            + " file"
      })
  @SuppressWarnings("NullAway.Init")
  private ModelWriter.Format format;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "f32",
      description = "f32, f16 or bf16, of all weights. Default: ${DEFAULT-VALUE}")
  private Precision precision = Precision.F32;

  @Option(names = "--force", description = "replace what is there")
  private boolean force;

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description = "whatever other commands take as --model")
  @SuppressWarnings("NullAway.Init")
  private Path model;

  @Parameters(index = "1", paramLabel = "OUT", description = "the file or folder to write")
  @SuppressWarnings("NullAway.Init")
  private Path out;

  /** The types that weights are written in. */
  enum Precision {
    F32(DType.F32),
    F16(DType.F16),
    BF16(DType.BF16);

    private final DType dtype;

    Precision(DType dtype) {
      this.dtype = dtype;
    }
  }

  @Override
  public Integer call() {
    Path path = ModelFiles.locate(model);
    LoadedModel loaded = ModelFiles.read(path, settings.activation());
    Tokenizer tokenizer = ModelFiles.tokenizer(path, settings.vocabulary(), loaded.clip());
    PrintWriter printer = spec.commandLine().getOut();
    print(printer, loaded, tokenizer);
    try {
      if (Files.exists(out) && Files.isSameFile(out, path)) {
        throw new UserException(out + " is the model that is read; give another name to write");
      }
      new ModelWriter(loaded.clip(), loaded.preprocess(), tokenizer, precision.dtype)
          .write(out, format, force);
    } catch (IOException e) {
      throw new UserException(out + " cannot be written: " + UserException.reason(e), e);
    }
    printer.printf("wrote %s: %s, %s%n", out, lower(format), lower(precision));
    return 0;
  }

  private static void print(
      PrintWriter printer, LoadedModel loaded, @Nullable Tokenizer tokenizer) {
    Clip clip = loaded.clip();
    String preset = clip.config().presetName();
    printer.printf(
        Locale.ROOT,
        "read %s: %s%n  %s, %,d parameters%n  activation %s, %s%n  %s%n",
        loaded.file(),
        loaded.layout(),
        preset == null ? clip.config() : preset,
        clip.parameters().size(),
        lower(clip.config().activation()),
        loaded.activationFrom(),
        tokenizer == null
            ? "no vocabulary beside it: none is written (--vocab names one)"
            : "a vocabulary of %,d tokens".formatted(tokenizer.size()));
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
