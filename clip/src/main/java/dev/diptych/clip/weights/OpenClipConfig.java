package dev.diptych.clip.weights;

import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ResNetConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code open_clip_config.json}: {@code model_cfg} as open_clip's {@code CLIPVisionCfg} has it. */
final class OpenClipConfig {
  static final String FILE = "open_clip_config.json";
  private static final String QUICK_GELU = "quick_gelu";

  /** What makes a tower another one than OpenAI's, with the values that do not. */
  private static final Map<String, List<String>> VISION_MUST_BE =
      Map.of(
          "timm_model_name", List.of(),
          "mlp_ratio", List.of("4.0", "4"),
          "global_average_pool", List.of("false"),
          "attentional_pool", List.of("false"),
          "pool_type", List.of("tok"),
          "no_ln_pre", List.of("false"),
          "pos_embed_type", List.of("learnable"),
          "final_ln_after_pool", List.of("false"),
          "act_kwargs", List.of("{}"),
          "norm_kwargs", List.of("{}"));

  private static final Map<String, List<String>> TEXT_MUST_BE =
      Map.of(
          "hf_model_name", List.of(),
          "mlp_ratio", List.of("4.0", "4"),
          "embed_cls", List.of("false"),
          "no_causal_mask", List.of("false"),
          "pool_type", List.of("argmax"),
          "proj_type", List.of("linear"),
          "proj_bias", List.of("false"),
          "final_ln_after_pool", List.of("false"),
          "act_kwargs", List.of("{}"),
          "norm_kwargs", List.of("{}"));

  private OpenClipConfig() {}

  /** What is left out has open_clip's defaults; without {@code quick_gelu} that is exact GELU. */
  static ClipConfig read(JsonNode root, Path file) {
    JsonNode model = root.path("model_cfg");
    JsonNode vision = model.path("vision_cfg");
    JsonNode text = model.path("text_cfg");
    if (!model.path("embed_dim").isInt() || !vision.isObject() || !text.isObject()) {
      throw new UserException(
          file
              + ": model_cfg must have embed_dim, vision_cfg and text_cfg, as open_clip writes it");
    }
    for (String other : new String[] {"multimodal_cfg", "init_logit_bias"}) {
      if (model.hasNonNull(other)) {
        throw new UserException(
            "%s: model_cfg.%s makes it a CoCa or SigLIP, which are not read here"
                .formatted(file, other));
      }
    }
    check(file, "vision_cfg", vision, VISION_MUST_BE);
    check(file, "text_cfg", text, TEXT_MUST_BE);
    int vocabulary = text.path("vocab_size").asInt(49_408);
    return new ClipConfig(
        model.path("embed_dim").asInt(),
        vision(vision, file),
        new TextConfig(
            text.path("context_length").asInt(77),
            vocabulary,
            text.path("width").asInt(512),
            text.path("layers").asInt(12),
            text.path("heads").asInt(8),
            vocabulary - 1), // open_clip pools at the largest id
        model.path(QUICK_GELU).asBoolean(false) ? Activation.QUICK_GELU : Activation.GELU);
  }

  private static VisionConfig vision(JsonNode vision, Path file) {
    int imageSize = StatedModel.side(vision.path("image_size"), 224, file);
    int width = vision.path("width").asInt(768);
    int headSize = Math.max(1, vision.path("head_width").asInt(Architecture.HEAD_SIZE));
    JsonNode layers = vision.path("layers");
    if (layers.isArray()) {
      List<Integer> stages = new ArrayList<>();
      layers.forEach(stage -> stages.add(stage.asInt(0)));
      return new ResNetConfig(imageSize, width, stages, ResNetConfig.REDUCTION * width / headSize);
    }
    return new VitConfig(
        imageSize,
        StatedModel.side(vision.path("patch_size"), 16, file),
        width,
        layers.asInt(12),
        width / headSize);
  }

  private static void check(
      Path file, String where, JsonNode node, Map<String, List<String>> allowed) {
    allowed.forEach((key, values) -> {
      JsonNode value = node.path(key);
      String found = value.isValueNode() ? value.asString("") : value.toString();
      if (!value.isMissingNode() && !value.isNull() && !values.contains(found)) {
        throw new UserException(
            "%s: %s.%s is %s, which makes a tower that is not OpenAI's; only those are read here%s"
                .formatted(
                    file,
                    where,
                    key,
                    found,
                    values.isEmpty() ? "" : " (expected " + values.getFirst() + ")"));
      }
    });
  }

  /** {@code model_cfg} of a model. */
  static ObjectNode write(ClipConfig config) {
    ObjectNode model = new ObjectMapper().createObjectNode();
    model.put("embed_dim", config.embedDim());
    if (config.activation() == Activation.QUICK_GELU) {
      model.put(QUICK_GELU, true);
    }
    ObjectNode vision = model.putObject("vision_cfg");
    vision.put("image_size", config.vision().imageSize());
    int attended = config.vision().width();
    switch (config.vision()) {
      case VitConfig vit -> {
        vision.put("layers", vit.layers());
        vision.put("width", vit.width());
        vision.put("patch_size", vit.patchSize());
      }
      case ResNetConfig resNet -> {
        ArrayNode stages = vision.putArray("layers");
        resNet.stages().forEach(stages::add);
        vision.put("width", resNet.width());
        vision.putNull("patch_size");
        attended = resNet.featureWidth();
      }
    }
    int headSize = attended / config.vision().heads();
    if (headSize != Architecture.HEAD_SIZE) {
      vision.put("head_width", headSize);
    }
    ObjectNode text = model.putObject("text_cfg");
    text.put("context_length", config.text().contextLength());
    text.put("vocab_size", config.text().vocabularySize());
    text.put("width", config.text().width());
    text.put("heads", config.text().heads());
    text.put("layers", config.text().layers());
    return model;
  }
}
