package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ResNetConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.io.SafetensorsWriter;
import dev.diptych.tensor.io.TensorFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Safetensors files with OpenAI's names. The architecture is read off the shapes, as the original
 * {@code build_model} does; the activation is in the metadata of files we wrote, and QuickGELU, as
 * in all of OpenAI's models, where nothing is said.
 */
public final class OpenAiWeights {
  private static final String ACTIVATION = "activation";
  private static final String END_TOKEN = "end_token";
  private static final String VISION_HEADS = "vision_heads";
  private static final String TEXT_HEADS = "text_heads";

  /** Channels of a head in all of OpenAI's models. */
  private static final int HEAD_SIZE = 64;

  private OpenAiWeights() {}

  /**
   * Reads a model.
   *
   * @throws UserException if the file is no CLIP model with OpenAI's names
   * @throws IOException if it cannot be read
   */
  public static Clip read(Path file) throws IOException {
    try (Safetensors tensors = Safetensors.open(file)) {
      return read(file, tensors);
    }
  }

  /** Reads a model from an open file; {@code file} is for messages. */
  public static Clip read(Path file, NamedTensors tensors) throws IOException {
    Clip clip = Clip.blank(config(file, tensors));
    readInto(file, tensors, clip);
    return clip;
  }

  /**
   * Reads all weights and buffers of {@code clip}, which must have the architecture of the file.
   */
  public static void readInto(Path file, NamedTensors tensors, Clip clip) throws IOException {
    for (Map.Entry<String, Tensor> wanted : clip.parameters().state().entrySet()) {
      String name = OpenAiNames.of(wanted.getKey());
      Tensor target = wanted.getValue();
      Shape found = shape(file, tensors, name, target.rank());
      if (!found.equals(target.shape())) {
        throw new UserException(
            "%s: tensor '%s' has the shape %s, the model needs %s"
                .formatted(file, name, found, target.shape()));
      }
      tensors.readFloats(name, target.floats());
    }
  }

  /** The architecture of the model in {@code tensors}. */
  static ClipConfig config(Path file, NamedTensors tensors) throws IOException {
    VisionConfig vision;
    if (tensors.contains("visual.proj")) {
      vision = transformer(file, tensors);
    } else if (tensors.contains("visual.layer1.0.conv1.weight")) {
      vision = resNet(file, tensors);
    } else {
      throw new UserException(
          ("%s is not a CLIP with OpenAI's names: it has neither 'visual.proj', as vision"
                  + " Transformers have, nor 'visual.layer1.0.conv1.weight', as ResNets have. Its"
                  + " first tensors are: %s")
              .formatted(file, String.join(", ", tensors.names().stream().limit(5).toList())));
    }
    Shape table = shape(file, tensors, "token_embedding.weight", 2); // (V, C)
    TextConfig text =
        new TextConfig(
            shape(file, tensors, "positional_embedding", 2).dim(0),
            table.dim(0),
            table.dim(1),
            blocks(tensors, "transformer.resblocks."),
            number(file, tensors, TEXT_HEADS, Math.max(1, table.dim(1) / HEAD_SIZE)),
            number(file, tensors, END_TOKEN, table.dim(0) - 1));
    int embedDim = shape(file, tensors, "text_projection", 2).dim(1);
    return new ClipConfig(embedDim, vision, text, activation(file, tensors));
  }

  private static VisionConfig transformer(Path file, NamedTensors tensors)
      throws TensorFileException {
    Shape patches = shape(file, tensors, "visual.conv1.weight", 4); // (C, 3, P, P)
    int width = patches.dim(0);
    int patchSize = patches.dim(-1);
    return new VitConfig(
        grid(file, tensors, "visual.positional_embedding") * patchSize,
        patchSize,
        width,
        blocks(tensors, "visual.transformer.resblocks."),
        visionHeads(file, tensors, width));
  }

  private static VisionConfig resNet(Path file, NamedTensors tensors) throws TensorFileException {
    int width = shape(file, tensors, "visual.layer1.0.conv1.weight", 4).dim(0);
    List<Integer> stages = new ArrayList<>();
    for (int stage = 1; stage <= 4; stage++) {
      stages.add(blocks(tensors, "visual.layer" + stage + "."));
    }
    return new ResNetConfig(
        grid(file, tensors, "visual.attnpool.positional_embedding") * ResNetConfig.REDUCTION,
        width,
        stages,
        visionHeads(file, tensors, ResNetConfig.REDUCTION * width));
  }

  /** The side of the square of places that the attention sees beside one for the whole picture. */
  private static int grid(Path file, NamedTensors tensors, String positions)
      throws TensorFileException {
    int tokens = shape(file, tensors, positions, 2).dim(0);
    int grid = (int) Math.round(Math.sqrt(tokens - 1.0));
    if (grid * grid + 1 != tokens) {
      throw new UserException(
          "%s: '%s' has %d rows, expected a square of places and one"
              .formatted(file, positions, tokens));
    }
    return grid;
  }

  private static int visionHeads(Path file, NamedTensors tensors, int width) {
    return number(file, tensors, VISION_HEADS, Math.max(1, width / HEAD_SIZE));
  }

  private static Shape shape(Path file, NamedTensors tensors, String name, int rank)
      throws TensorFileException {
    if (!tensors.contains(name)) {
      throw new UserException(
          "%s is not a whole CLIP model with OpenAI's names: tensor '%s' is missing"
              .formatted(file, name));
    }
    Shape shape = tensors.entry(name).shape();
    if (shape.rank() != rank) {
      throw new UserException(
          "%s: tensor '%s' must have %d axes, its shape is %s".formatted(file, name, rank, shape));
    }
    return shape;
  }

  private static int blocks(NamedTensors tensors, String prefix) {
    Pattern pattern = Pattern.compile("^" + Pattern.quote(prefix) + "(\\d{1,4})\\.");
    int count = 0;
    for (String name : tensors.names()) {
      Matcher matcher = pattern.matcher(name);
      if (matcher.find()) {
        count = Math.max(count, Integer.parseInt(matcher.group(1)) + 1);
      }
    }
    return count;
  }

  private static Activation activation(Path file, NamedTensors tensors) {
    @Nullable String name = tensors.metadata().get(ACTIVATION);
    if (name == null) {
      return Activation.QUICK_GELU;
    }
    return Activations.byName(name, file);
  }

  private static int number(Path file, NamedTensors tensors, String key, int otherwise) {
    @Nullable String text = tensors.metadata().get(key);
    if (text == null) {
      return otherwise;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new UserException(
          "%s: the metadata's %s must be a number, found '%s'".formatted(file, key, text), e);
    }
  }

  /**
   * Puts all weights and buffers of {@code clip} into {@code writer}, and what shapes do not tell.
   */
  public static void write(Clip clip, SafetensorsWriter writer) {
    ClipConfig config = clip.config();
    writer
        .metadata("format", "pt")
        .metadata(ACTIVATION, Activations.nameOf(config.activation()))
        .metadata(VISION_HEADS, Integer.toString(config.vision().heads()))
        .metadata(TEXT_HEADS, Integer.toString(config.text().heads()))
        .metadata(END_TOKEN, Integer.toString(config.text().endToken()));
    clip.parameters().state().forEach((name, value) -> writer.add(OpenAiNames.of(name), value));
  }
}
