package dev.diptych.clip.weights;

import dev.diptych.autograd.Parameter;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Directories as Hugging Face's {@code CLIPModel} saves them: {@code config.json} and {@code
 * model.safetensors}. Queries, keys and values are three tensors there and one here, and the two
 * projections are transposed.
 */
public final class HuggingFaceWeights {
  private static final String[] QUERY_KEY_VALUE = {"q_proj", "k_proj", "v_proj"};

  private HuggingFaceWeights() {}

  /**
   * Reads a model.
   *
   * @throws UserException if the directory holds no CLIP model
   * @throws IOException if it cannot be read
   */
  public static Clip read(Path directory) throws IOException {
    Path configFile = directory.resolve("config.json");
    Path weights = directory.resolve("model.safetensors");
    if (!Files.exists(weights)) {
      throw new UserException(directory + " has a config.json but no model.safetensors beside it");
    }
    Clip clip = Clip.blank(config(configFile));
    try (Safetensors tensors = Safetensors.open(weights)) {
      for (Parameter parameter : clip.parameters().list()) {
        read(weights, tensors, parameter);
      }
    }
    return clip;
  }

  static ClipConfig config(Path file) throws IOException {
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw new UserException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!root.path("model_type").asString("").equals("clip")) {
      throw new UserException(
          "%s: model_type must be 'clip', found '%s'"
              .formatted(file, root.path("model_type").asString("nothing")));
    }
    JsonNode vision = root.path("vision_config");
    JsonNode text = root.path("text_config");
    // What config.json leaves out has the defaults of CLIPVisionConfig and CLIPTextConfig.
    VisionConfig visionConfig =
        new VitConfig(
            vision.path("image_size").asInt(224),
            vision.path("patch_size").asInt(32),
            vision.path("hidden_size").asInt(768),
            vision.path("num_hidden_layers").asInt(12),
            vision.path("num_attention_heads").asInt(12));
    checkHidden(file, "vision_config", vision, 768, 3072);
    checkHidden(file, "text_config", text, 512, 2048);
    int vocabulary = text.path("vocab_size").asInt(49_408);
    int endToken = text.path("eos_token_id").asInt(vocabulary - 1);
    TextConfig textConfig =
        new TextConfig(
            text.path("max_position_embeddings").asInt(77),
            vocabulary,
            text.path("hidden_size").asInt(512),
            text.path("num_hidden_layers").asInt(12),
            text.path("num_attention_heads").asInt(8),
            // Many configs on the hub say 2, a number that was never true: the end token is the
            // last.
            endToken == 2 || endToken >= vocabulary ? vocabulary - 1 : endToken);
    return new ClipConfig(
        root.path("projection_dim").asInt(512),
        visionConfig,
        textConfig,
        Activations.byName(vision.path("hidden_act").asString("quick_gelu"), file));
  }

  private static void checkHidden(Path file, String where, JsonNode node, int width, int hidden) {
    int channels = node.path("hidden_size").asInt(width);
    int found = node.path("intermediate_size").asInt(hidden);
    if (found != 4 * channels) {
      throw new UserException(
          "%s: %s.intermediate_size must be 4·hidden_size = %d, found %d"
              .formatted(file, where, 4 * channels, found));
    }
  }

  private static void read(Path file, NamedTensors tensors, Parameter parameter)
      throws IOException {
    String ours = parameter.name();
    Floats target = parameter.value().floats();
    Shape shape = parameter.shape();
    if (ours.contains(".attention.input.")) {
      int third = target.length() / 3;
      Shape part = third(shape);
      String kind = ours.substring(ours.lastIndexOf('.'));
      for (int i = 0; i < 3; i++) {
        String name = name(ours.replace("attention.input" + kind, "")) + "self_attn.";
        readPart(
            file, tensors, name + QUERY_KEY_VALUE[i] + kind, target.slice(i * third, third), part);
      }
    } else if (ours.endsWith(".projection")) {
      String name = ours.startsWith("vision") ? "visual_projection" : "text_projection";
      Tensor stored = Tensor.of(new float[shape.size()], Shape.of(shape.dim(1), shape.dim(0)));
      readPart(file, tensors, name + ".weight", stored.floats(), stored.shape()); // (D, C)
      stored.transpose(0, 1).copyTo(target); // (C, D)
    } else {
      readPart(file, tensors, name(ours), target, shape);
    }
  }

  /** A third of the rows: (3C, C) → (C, C), (3C) → (C). */
  private static Shape third(Shape shape) {
    int rows = shape.dim(0) / 3;
    return shape.rank() == 1 ? Shape.of(rows) : Shape.of(rows, shape.dim(1));
  }

  private static void readPart(
      Path file, NamedTensors tensors, String name, Floats target, Shape shape) throws IOException {
    if (!tensors.contains(name)) {
      throw new UserException(
          "%s is not a whole CLIPModel: tensor '%s' is missing".formatted(file, name));
    }
    Shape found = tensors.entry(name).shape();
    if (!found.equals(shape)) {
      throw new UserException(
          "%s: tensor '%s' has the shape %s, config.json makes it %s"
              .formatted(file, name, found, shape));
    }
    tensors.readFloats(name, target);
  }

  /** Hugging Face's name of our parameter or layer. */
  private static String name(String ours) {
    return switch (ours) {
      case "logitScale" -> "logit_scale";
      case "text.tokens" -> "text_model.embeddings.token_embedding.weight";
      case "text.positions" -> "text_model.embeddings.position_embedding.weight";
      case "vision.patches.weight" -> "vision_model.embeddings.patch_embedding.weight";
      case "vision.classEmbedding" -> "vision_model.embeddings.class_embedding";
      case "vision.positions" -> "vision_model.embeddings.position_embedding.weight";
      default ->
          ours.replace("vision.preNorm", "vision_model.pre_layrnorm") // their spelling
              .replace("vision.postNorm", "vision_model.post_layernorm")
              .replace("text.finalNorm", "text_model.final_layer_norm")
              .replace("vision.blocks", "vision_model.encoder.layers")
              .replace("text.blocks", "text_model.encoder.layers")
              .replace("attentionNorm", "layer_norm1")
              .replace("mlpNorm", "layer_norm2")
              .replace("attention.output", "self_attn.out_proj")
              .replace("mlp.expand", "mlp.fc1")
              .replace("mlp.contract", "mlp.fc2");
    };
  }
}
