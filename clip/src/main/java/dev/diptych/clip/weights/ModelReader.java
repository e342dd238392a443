package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.TensorFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads a model out of any file of tensors. The layout is found by the names in it; the
 * architecture is that of the configuration beside it, if there is one, or is read off the shapes.
 */
final class ModelReader {
  private static final System.Logger LOG = System.getLogger(ModelReader.class.getName());

  private ModelReader() {}

  /** An activation and what told it. */
  private record Choice(Activation activation, String from) {}

  /**
   * Reads a model.
   *
   * @param wanted the activation that the user asks for, or null for the checkpoint's own
   * @throws dev.diptych.clip.UserException if the file is no CLIP, or not a whole one
   * @throws IOException if it cannot be read
   */
  static LoadedModel read(Path file, @Nullable Activation wanted) throws IOException {
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file has a folder");
    try (NamedTensors all = TensorFiles.open(file)) {
      ModelTensors tensors = ModelTensors.in(all);
      StatedModel stated = StatedModel.beside(folder, tensors.layout());
      Choice choice = activation(tensors, stated, wanted);
      ClipConfig config =
          stated == null
              ? Architecture.of(tensors, choice.activation)
              : stated.config().withActivation(choice.activation);
      Clip clip = Clip.blank(config);
      tensors.readInto(
          clip, stated == null ? "the model needs" : stated.file().getFileName() + " makes it");
      return new LoadedModel(
          clip,
          PictureConfig.beside(folder, tensors.layout(), config.vision().imageSize()),
          file,
          tensors.layout(),
          choice.from);
    }
  }

  private static Choice activation(
      ModelTensors tensors, @Nullable StatedModel stated, @Nullable Activation wanted)
      throws IOException {
    if (wanted != null) {
      return new Choice(wanted, "as asked for");
    }
    if (stated != null) {
      return new Choice(stated.activation(), "says " + stated.file().getFileName());
    }
    Activation said = Architecture.activation(tensors);
    if (said != null) {
      return new Choice(said, "says the file's metadata");
    }
    if (tensors.isOpenAis()) {
      return new Choice(Activation.QUICK_GELU, "as in all of OpenAI's own files");
    }
    return guess(tensors);
  }

  /**
   * Nothing in the weights tells the activation. Trainings with open_clip have exact GELU unless
   * their model's name ends in {@code -quickgelu}; a size that only open_clip has published is
   * open_clip's; all others are taken for OpenAI's.
   */
  private static Choice guess(ModelTensors tensors) throws IOException {
    Activation guessed = Activation.GELU;
    if (!tensors.isOpenClips()) {
      String preset = Architecture.of(tensors, Activation.QUICK_GELU).presetName();
      guessed =
          preset == null || !preset.endsWith("-quickgelu")
              ? Activation.QUICK_GELU
              : Activation.GELU;
    }
    String other =
        Activations.nameOf(guessed == Activation.GELU ? Activation.QUICK_GELU : Activation.GELU);
    LOG.log(
        System.Logger.Level.WARNING,
        "{0} does not say which activation the model was trained with, and with the wrong one its"
            + " embeddings are worth little: {1} is assumed. If it is {2}, say --activation {2};"
            + " OpenAI''s models have quick_gelu, open_clip''s gelu unless their name ends in"
            + " -quickgelu",
        tensors.all().file(),
        Activations.nameOf(guessed),
        other);
    return new Choice(guessed, "guessed");
  }
}
