package dev.diptych.clip;

import dev.diptych.kernels.gelu.Activation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The configurations that have names. */
final class Presets {
  private static final int VOCABULARY = 49_408;
  private static final int CONTEXT = 77;
  private static final String QUICK = "-quickgelu";
  private static final String EXACT = "-gelu";

  private static final Map<String, ClipConfig> BY_NAME = new LinkedHashMap<>();
  private static final Map<String, String> ALIASES =
      Map.of(
          "openai/clip-vit-base-patch32", "ViT-B/32",
          "openai/clip-vit-base-patch16", "ViT-B/16",
          "openai/clip-vit-large-patch14", "ViT-L/14",
          "openai/clip-vit-large-patch14-336", "ViT-L/14@336px");

  static {
    // OpenAI's nine: CLIP paper, Tables 19 and 20
    openAi("ViT-B/32", 512, new VitConfig(224, 32, 768, 12, 12), 512);
    openAi("ViT-B/16", 512, new VitConfig(224, 16, 768, 12, 12), 512);
    openAi("ViT-L/14", 768, new VitConfig(224, 14, 1024, 24, 16), 768);
    openAi("ViT-L/14@336px", 768, new VitConfig(336, 14, 1024, 24, 16), 768);
    openAi("RN50", 1024, new ResNetConfig(224, 64, List.of(3, 4, 6, 3), 32), 512);
    openAi("RN101", 512, new ResNetConfig(224, 64, List.of(3, 4, 23, 3), 32), 512);
    openAi("RN50x4", 640, new ResNetConfig(288, 80, List.of(4, 6, 10, 6), 40), 640);
    openAi("RN50x16", 768, new ResNetConfig(384, 96, List.of(6, 8, 18, 8), 48), 768);
    openAi("RN50x64", 1024, new ResNetConfig(448, 128, List.of(3, 15, 36, 10), 64), 1024);
    // open_clip's, by its names and with its activation
    openClip("ViT-S/32", 384, new VitConfig(224, 32, 384, 12, 6), text(384, 12, 6));
    openClip("ViT-S/16", 384, new VitConfig(224, 16, 384, 12, 6), text(384, 12, 6));
    openClip("ViT-B/32-256", 512, new VitConfig(256, 32, 768, 12, 12), text(512, 12, 8));
    openClip("ViT-B/16-plus-240", 640, new VitConfig(240, 16, 896, 12, 14), text(640, 12, 10));
    openClip("ViT-H/14", 1024, new VitConfig(224, 14, 1280, 32, 16), text(1024, 24, 16));
    openClip("ViT-H/14-378", 1024, new VitConfig(378, 14, 1280, 32, 16), text(1024, 24, 16));
    // Ours, to train from scratch on a desktop; the vocabulary is trained with the model.
    small("mini-48", 64, new VitConfig(48, 8, 96, 3, 3), new TextConfig(16, 640, 64, 1, 2, 639));
    small(
        "mini-64", 192, new VitConfig(64, 8, 192, 4, 6), new TextConfig(32, 2048, 192, 3, 6, 2047));
    small(
        "mini-rn-64",
        192,
        new ResNetConfig(64, 32, List.of(1, 1, 1, 1), 16),
        new TextConfig(32, 2048, 192, 3, 6, 2047));
    small(
        "mini-112",
        256,
        new VitConfig(112, 16, 256, 6, 8),
        new TextConfig(48, 4096, 256, 4, 8, 4095));
  }

  private Presets() {}

  private static TextConfig text(int width, int layers, int heads) {
    return new TextConfig(CONTEXT, VOCABULARY, width, layers, heads, VOCABULARY - 1);
  }

  private static void openAi(String name, int embedDim, VisionConfig vision, int textWidth) {
    TextConfig text = text(textWidth, 12, textWidth / 64);
    BY_NAME.put(name, new ClipConfig(embedDim, vision, text, Activation.QUICK_GELU));
  }

  private static void openClip(String name, int embedDim, VisionConfig vision, TextConfig text) {
    BY_NAME.put(name, new ClipConfig(embedDim, vision, text, Activation.GELU));
  }

  private static void small(String name, int embedDim, VisionConfig vision, TextConfig text) {
    BY_NAME.put(name, new ClipConfig(embedDim, vision, text, Activation.QUICK_GELU));
  }

  static ClipConfig named(String name) {
    String wanted = plain(ALIASES.getOrDefault(name.toLowerCase(Locale.ROOT), name));
    if (wanted.endsWith(QUICK)) {
      return find(name, wanted.substring(0, wanted.length() - QUICK.length()))
          .withActivation(Activation.QUICK_GELU);
    }
    if (wanted.endsWith(EXACT)) {
      return find(name, wanted.substring(0, wanted.length() - EXACT.length()))
          .withActivation(Activation.GELU);
    }
    return find(name, wanted);
  }

  private static ClipConfig find(String asked, String wanted) {
    for (Map.Entry<String, ClipConfig> preset : BY_NAME.entrySet()) {
      if (plain(preset.getKey()).equals(wanted)) {
        return preset.getValue();
      }
    }
    throw new UserException(
        "there is no preset '" + asked + "'; there are: " + String.join(", ", BY_NAME.keySet()));
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace('/', '-').replace('@', '-').replace("px", "");
  }

  /**
   * The name of a configuration, or null; a trailing word says if its activation is not its own.
   */
  static @Nullable String nameOf(ClipConfig config) {
    for (Map.Entry<String, ClipConfig> preset : BY_NAME.entrySet()) {
      Activation own = preset.getValue().activation();
      if (preset.getValue().withActivation(config.activation()).equals(config)) {
        return preset.getKey()
            + (own == config.activation() ? "" : own == Activation.GELU ? QUICK : EXACT);
      }
    }
    return null;
  }

  static Set<String> names() {
    return java.util.Collections.unmodifiableSet(BY_NAME.keySet());
  }
}
