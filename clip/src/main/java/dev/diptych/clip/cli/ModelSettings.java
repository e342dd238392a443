package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.kernels.gelu.Activation;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What may be said about a model, wherever a command takes its name from; to be mixed in. */
class ModelSettings {
  @Option(names = "--vocab", description = "the vocabulary, if it is not beside the model")
  private @Nullable Path vocabulary;

  @Option(
      names = "--activation",
      paramLabel = "NAME",
      description = {
        "quick_gelu (OpenAI's models) or gelu (most of open_clip's), for a checkpoint that does",
        "not say which"
      })
  private @Nullable Activation activation;

  /** The vocabulary that was given. */
  @Nullable Path vocabulary() {
    return vocabulary;
  }

  /** The activation that was given. */
  @Nullable Activation activation() {
    return activation;
  }

  /** The model at a path or of a hub's name. */
  Diptych load(Path model) {
    return Diptych.load(model, vocabulary, activation);
  }
}
