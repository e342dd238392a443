package dev.diptych.clip.weights;

import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.VitConfig;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code config.json} of transformers' {@code CLIPModel}. */
final class HuggingFaceConfig {
  static final String FILE = "config.json";
  private static final double EPSILON = 1e-5;

  private HuggingFaceConfig() {}

  static boolean isClip(JsonNode root) {
    return root.path("model_type").asString("").equals("clip");
  }

  /** What leaves something out has the defaults of CLIPVisionConfig and CLIPTextConfig. */
  static ClipConfig read(JsonNode root, Path file) {
    if (!isClip(root)) {
      throw new UserException(
          "%s: model_type must be 'clip', found '%s'"
              .formatted(file, root.path("model_type").asString("nothing")));
    }
    JsonNode vision = part(root, "vision_config");
    JsonNode text = part(root, "text_config");
    VisionConfig visionConfig =
        new VitConfig(
            StatedModel.side(vision.path("image_size"), 224, file),
            vision.path("patch_size").asInt(32),
            vision.path("hidden_size").asInt(768),
            vision.path("num_hidden_layers").asInt(12),
            vision.path("num_attention_heads").asInt(12));
    check(file, "vision_config", vision, 768, 3072);
    check(file, "text_config", text, 512, 2048);
    String activation = vision.path("hidden_act").asString("quick_gelu");
    if (!text.path("hidden_act").asString("quick_gelu").equals(activation)) {
      throw new UserException(
          "%s: vision_config.hidden_act and text_config.hidden_act differ; both towers have one activation here"
              .formatted(file));
    }
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
        Activations.byName(activation, file));
  }

  /** Files of the first versions have {@code vision_config_dict} alone. */
  private static JsonNode part(JsonNode root, String name) {
    return root.path(name).isObject() ? root.path(name) : root.path(name + "_dict");
  }

  private static void check(Path file, String where, JsonNode node, int width, int hidden) {
    int channels = node.path("hidden_size").asInt(width);
    int found = node.path("intermediate_size").asInt(hidden);
    if (found != 4 * channels) {
      throw new UserException(
          "%s: %s.intermediate_size must be 4·hidden_size = %d, found %d"
              .formatted(file, where, 4 * channels, found));
    }
    double epsilon = node.path("layer_norm_eps").asDouble(EPSILON);
    if (epsilon != EPSILON) {
      throw new UserException(
          "%s: %s.layer_norm_eps must be %s, found %s".formatted(file, where, EPSILON, epsilon));
    }
  }

  /**
   * What {@link #read} reads, as transformers writes it.
   *
   * @param vit the picture tower of {@code config}
   * @param startToken of the tokenizer
   * @param dtype of the weights, such as float32
   */
  static ObjectNode write(ClipConfig config, VitConfig vit, int startToken, String dtype) {
    TextConfig text = config.text();
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.putArray("architectures").add("CLIPModel");
    root.put("initializer_factor", 1.0);
    root.put("logit_scale_init_value", 2.6592);
    root.put("model_type", "clip");
    root.put("projection_dim", config.embedDim());
    ObjectNode textNode = root.putObject("text_config");
    textNode.put("model_type", "clip_text_model");
    textNode.put("vocab_size", text.vocabularySize());
    tower(textNode, config, text.width(), text.layers(), text.heads());
    textNode.put("max_position_embeddings", text.contextLength());
    textNode.put("bos_token_id", startToken);
    textNode.put("eos_token_id", text.endToken());
    textNode.put("pad_token_id", text.endToken());
    ObjectNode visionNode = root.putObject("vision_config");
    visionNode.put("model_type", "clip_vision_model");
    tower(visionNode, config, vit.width(), vit.layers(), vit.heads());
    visionNode.put("num_channels", 3);
    visionNode.put("image_size", vit.imageSize());
    visionNode.put("patch_size", vit.patchSize());
    root.put("torch_dtype", dtype);
    return root;
  }

  private static void tower(ObjectNode node, ClipConfig config, int width, int layers, int heads) {
    node.put("hidden_size", width);
    node.put("intermediate_size", 4 * width);
    node.put("projection_dim", config.embedDim());
    node.put("num_hidden_layers", layers);
    node.put("num_attention_heads", heads);
    node.put("hidden_act", Activations.nameOf(config.activation()));
    node.put("layer_norm_eps", EPSILON);
    node.put("attention_dropout", 0.0);
  }
}
