package dev.diptych.clip;

import dev.diptych.kernels.gelu.Activation;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Everything that determines the shape of a CLIP model.
 *
 * @param embedDim width D of the space that pictures and texts share
 * @param activation of the MLPs: QuickGELU in OpenAI's models, exact GELU in many of open_clip
 */
public record ClipConfig(
    int embedDim, VisionConfig vision, TextConfig text, Activation activation) {
  private static final int VOCABULARY = 49_408;
  private static final int CONTEXT = 77;

  private static final Map<String, ClipConfig> PRESETS = new LinkedHashMap<>();
  private static final Map<String, String> ALIASES =
      Map.of(
          "openai/clip-vit-base-patch32", "ViT-B/32",
          "openai/clip-vit-base-patch16", "ViT-B/16",
          "openai/clip-vit-large-patch14", "ViT-L/14",
          "openai/clip-vit-large-patch14-336", "ViT-L/14@336px");

  static {
    // CLIP paper, Table 20
    PRESETS.put("ViT-B/32", openAi(512, new VisionConfig(224, 32, 768, 12, 12), 512, 8));
    PRESETS.put("ViT-B/16", openAi(512, new VisionConfig(224, 16, 768, 12, 12), 512, 8));
    PRESETS.put("ViT-L/14", openAi(768, new VisionConfig(224, 14, 1024, 24, 16), 768, 12));
    PRESETS.put("ViT-L/14@336px", openAi(768, new VisionConfig(336, 14, 1024, 24, 16), 768, 12));
    // Ours, to train from scratch on a desktop; the vocabulary is trained with the model.
    PRESETS.put("mini-48", small(128, new VisionConfig(48, 8, 128, 3, 4), 24, 640, 128, 2, 4));
    PRESETS.put("mini-64", small(192, new VisionConfig(64, 8, 192, 4, 6), 32, 2048, 192, 3, 6));
    PRESETS.put("mini-112", small(256, new VisionConfig(112, 16, 256, 6, 8), 48, 4096, 256, 4, 8));
  }

  /** Checks that the embedding has a width; throws {@link UserException} if not. */
  public ClipConfig {
    if (embedDim < 1) {
      throw new UserException("embedDim must be at least 1, got " + embedDim);
    }
  }

  private static ClipConfig openAi(int embedDim, VisionConfig vision, int width, int heads) {
    TextConfig text = new TextConfig(CONTEXT, VOCABULARY, width, 12, heads, VOCABULARY - 1);
    return new ClipConfig(embedDim, vision, text, Activation.QUICK_GELU);
  }

  private static ClipConfig small(
      int embedDim,
      VisionConfig vision,
      int context,
      int vocabulary,
      int width,
      int layers,
      int heads) {
    TextConfig text = new TextConfig(context, vocabulary, width, layers, heads, vocabulary - 1);
    return new ClipConfig(embedDim, vision, text, Activation.QUICK_GELU);
  }

  /**
   * A published or small configuration by name: {@code ViT-B/32}, {@code ViT-B-32} and {@code
   * openai/clip-vit-base-patch32} are the same; case does not matter.
   *
   * @throws UserException if there is none of that name; the message lists those there are
   */
  public static ClipConfig preset(String name) {
    String wanted = plain(ALIASES.getOrDefault(name.toLowerCase(Locale.ROOT), name));
    for (Map.Entry<String, ClipConfig> preset : PRESETS.entrySet()) {
      if (plain(preset.getKey()).equals(wanted)) {
        return preset.getValue();
      }
    }
    throw new UserException(
        "there is no preset '" + name + "'; there are: " + String.join(", ", PRESETS.keySet()));
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT)
        .replace('/', '-')
        .replace('@', '-')
        .replaceAll("px$", "")
        .replaceAll("-quickgelu$", "");
  }

  /** The names that {@link #preset} knows. */
  public static Set<String> presetNames() {
    return java.util.Collections.unmodifiableSet(PRESETS.keySet());
  }

  /** This configuration with the vocabulary of a tokenizer, whose last id is the end token. */
  public ClipConfig withVocabulary(int size) {
    return new ClipConfig(embedDim, vision, text.withVocabulary(size), activation);
  }

  static void checkTransformer(String tower, int width, int layers, int heads) {
    if (width < 1 || layers < 0 || heads < 1 || width % heads != 0) {
      throw new UserException(
          "%s: %d channels, %d layers and %d heads do not make a Transformer: the heads must divide the channels"
              .formatted(tower, width, layers, heads));
    }
  }
}
