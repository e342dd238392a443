package dev.diptych.clip.weights;

import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ResNetConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.io.SafetensorsWriter;
import dev.diptych.tensor.io.TensorFileException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The architecture as the shapes of a checkpoint's tensors tell it, as the original {@code
 * build_model} reads it; and the little that shapes do not tell, in the metadata of files that we
 * write.
 */
final class Architecture {
  private static final String ACTIVATION = "activation";
  private static final String END_TOKEN = "end_token";
  private static final String VISION_HEADS = "vision_heads";
  private static final String TEXT_HEADS = "text_heads";

  /** Channels of a head in all of OpenAI's models. */
  static final int HEAD_SIZE = 64;

  private final ModelTensors tensors;

  private Architecture(ModelTensors tensors) {
    this.tensors = tensors;
  }

  /**
   * The configuration of the model in {@code tensors}, with the activation that it is said to have.
   */
  static ClipConfig of(ModelTensors tensors, Activation activation) throws TensorFileException {
    return new Architecture(tensors).read(activation);
  }

  /** The activation that a file of ours names, or null. */
  static @Nullable Activation activation(ModelTensors tensors) {
    String name = tensors.all().metadata().get(ACTIVATION);
    return name == null ? null : Activations.byName(name, tensors.all().file());
  }

  /** Puts into a file's metadata what {@link #of} will not find in the shapes. */
  static void describe(ClipConfig config, SafetensorsWriter writer) {
    writer
        .metadata("format", "pt")
        .metadata(ACTIVATION, Activations.nameOf(config.activation()))
        .metadata(VISION_HEADS, Integer.toString(config.vision().heads()))
        .metadata(TEXT_HEADS, Integer.toString(config.text().heads()))
        .metadata(END_TOKEN, Integer.toString(config.text().endToken()));
  }

  private ClipConfig read(Activation activation) throws TensorFileException {
    VisionConfig vision;
    if (tensors.contains("vision.projection")) {
      vision = transformer();
    } else if (tensors.contains("vision.stage1.0.conv1.weight")) {
      vision = resNet();
    } else {
      throw new UserException(
          ("%s holds no whole CLIP: it has neither '%s', as vision Transformers have, nor '%s', as"
                  + " ResNets have")
              .formatted(
                  tensors.all().file(),
                  tensors.name("vision.projection"),
                  tensors.name("vision.stage1.0.conv1.weight")));
    }
    Shape table = tensors.shape("text.tokens", 2); // (V, C)
    TextConfig text =
        new TextConfig(
            tensors.shape("text.positions", 2).dim(0),
            table.dim(0),
            table.dim(1),
            tensors.blocks("text.blocks."),
            number(TEXT_HEADS, heads(table.dim(1))),
            number(END_TOKEN, table.dim(0) - 1));
    int embedDim = tensors.shape("text.projection", 2).dim(1);
    return new ClipConfig(embedDim, vision, text, activation);
  }

  private VisionConfig transformer() throws TensorFileException {
    Shape patches = tensors.shape("vision.patches.weight", 4); // (C, 3, P, P)
    int width = patches.dim(0);
    int patchSize = patches.dim(-1);
    return new VitConfig(
        grid("vision.positions") * patchSize,
        patchSize,
        width,
        tensors.blocks("vision.blocks."),
        number(VISION_HEADS, heads(width)));
  }

  private VisionConfig resNet() throws TensorFileException {
    int width = tensors.shape("vision.stage1.0.conv1.weight", 4).dim(0);
    List<Integer> stages = new ArrayList<>();
    for (int stage = 1; stage <= 4; stage++) {
      stages.add(tensors.blocks("vision.stage" + stage + "."));
    }
    return new ResNetConfig(
        grid("vision.pool.positions") * ResNetConfig.REDUCTION,
        width,
        stages,
        number(VISION_HEADS, heads(ResNetConfig.REDUCTION * width)));
  }

  /** The side of the square of places that the attention sees beside one for the whole picture. */
  private int grid(String positions) throws TensorFileException {
    int rows = tensors.shape(positions, 2).dim(0);
    int grid = (int) Math.round(Math.sqrt(rows - 1.0));
    if (grid * grid + 1 != rows) {
      throw new UserException(
          "%s: '%s' has %d rows, expected a square of places and one"
              .formatted(tensors.all().file(), tensors.name(positions), rows));
    }
    return grid;
  }

  private static int heads(int width) {
    return Math.max(1, width / HEAD_SIZE);
  }

  private int number(String key, int otherwise) {
    @Nullable String text = tensors.all().metadata().get(key);
    if (text == null) {
      return otherwise;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new UserException(
          "%s: the metadata's %s must be a number, found '%s'"
              .formatted(tensors.all().file(), key, text),
          e);
    }
  }
}
