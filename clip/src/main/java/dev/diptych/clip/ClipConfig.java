package dev.diptych.clip;

import dev.diptych.kernels.gelu.Activation;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that determines the shape of a CLIP model.
 *
 * @param embedDim width D of the space that pictures and texts share
 * @param activation of the MLPs: QuickGELU in OpenAI's models, exact GELU in many of open_clip
 */
public record ClipConfig(
    int embedDim, VisionConfig vision, TextConfig text, Activation activation) {
  /** Checks that the embedding has a width; throws {@link UserException} if not. */
  public ClipConfig {
    if (embedDim < 1) {
      throw new UserException("embedDim must be at least 1, got " + embedDim);
    }
  }

  /**
   * A published or small configuration by name: {@code ViT-B/32}, {@code ViT-B-32} and {@code
   * openai/clip-vit-base-patch32} are the same; case does not matter.
   *
   * <p>The names of OpenAI's nine models mean OpenAI's activation, QuickGELU, and those that only
   * open_clip has mean GELU. {@code -quickgelu} or {@code -gelu} after any name says it outright:
   * what open_clip calls {@code ViT-B-32} and trains with GELU is {@code ViT-B-32-gelu} here.
   *
   * @throws UserException if there is none of that name; the message lists those there are
   */
  public static ClipConfig preset(String name) {
    return Presets.named(name);
  }

  /** The names that {@link #preset} knows. */
  public static Set<String> presetNames() {
    return Presets.names();
  }

  /** The name by which {@link #preset} gives this configuration, or null if there is none. */
  public @Nullable String presetName() {
    return Presets.nameOf(this);
  }

  /** This configuration with the vocabulary of a tokenizer, whose last id is the end token. */
  public ClipConfig withVocabulary(int size) {
    return new ClipConfig(embedDim, vision, text.withVocabulary(size), activation);
  }

  /** This configuration with another number of tokens per text, such as 248. */
  public ClipConfig withContextLength(int length) {
    return new ClipConfig(embedDim, vision, text.withContextLength(length), activation);
  }

  /** This configuration with another width of the shared space, such as 256. */
  public ClipConfig withEmbedDim(int width) {
    return new ClipConfig(width, vision, text, activation);
  }

  /** This configuration with another activation. */
  public ClipConfig withActivation(Activation other) {
    return new ClipConfig(embedDim, vision, text, other);
  }

  static void checkTransformer(String tower, int width, int layers, int heads) {
    if (width < 1 || layers < 0 || heads < 1 || width % heads != 0) {
      throw new UserException(
          "%s: %d channels, %d layers and %d heads do not make a Transformer: the heads must divide the channels"
              .formatted(tower, width, layers, heads));
    }
  }
}
