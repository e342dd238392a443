package dev.diptych.clip.cli;

import dev.diptych.clip.Clip;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.weights.ModelFiles;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options {@code --model}, {@code --vocab} and {@code --activation}, to be mixed in. */
final class ModelOptions extends ModelSettings {
  @Option(
      names = "--model",
      required = true,
      description = {
        "a run, a file of weights (.safetensors, .pt, .bin), a directory of Hugging Face's or",
        "open_clip's, or the name of a model that was pulled"
      })
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path model;

  /** What was given as {@code --model}. */
  Path model() {
    return model;
  }

  /** Where that is, from wherever it is asked: a model that was pulled lies in the cache. */
  Path place() {
    return ModelFiles.locate(model).toAbsolutePath().normalize();
  }

  /** The model with its vocabulary. */
  Diptych load() {
    return load(model);
  }

  /** The model alone. */
  Clip loadClip() {
    return ModelFiles.read(model, activation()).clip();
  }
}
