package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipConfigTest {
  @ParameterizedTest
  @CsvSource({
    "ViT-B/32, 151277313",
    "ViT-B-16, 149620737",
    "openai/clip-vit-large-patch14, 427616513",
    "vit-l-14-336, 427944193"
  })
  void publishedModelsHaveTheirPublishedSize(String name, int parameters) {
    assertThat(count(ClipConfig.preset(name))).isEqualTo(parameters);
  }

  /** Counted from the sizes alone, to need no memory: what Clip announces is compared below. */
  private static long count(ClipConfig config) {
    VisionConfig vision = config.vision();
    TextConfig text = config.text();
    long image =
        3L * vision.patchSize() * vision.patchSize() * vision.width()
            + vision.width()
            + (long) vision.tokens() * vision.width()
            + 4L * vision.width()
            + blocks(vision.width(), vision.layers())
            + (long) vision.width() * config.embedDim();
    long words =
        (long) text.vocabularySize() * text.width()
            + (long) text.contextLength() * text.width()
            + 2L * text.width()
            + blocks(text.width(), text.layers())
            + (long) text.width() * config.embedDim();
    return image + words + 1;
  }

  private static long blocks(long width, int layers) {
    return layers * (12 * width * width + 13 * width);
  }

  @Test
  void aModelHasTheParametersOfItsConfiguration() {
    for (String name : new String[] {"mini-48", "mini-64", "ViT-B/32"}) {
      ClipConfig config = ClipConfig.preset(name);
      assertThat(Clip.blank(config).parameters().size()).isEqualTo((int) count(config));
    }
  }

  @Test
  void mistakesAreNamed() {
    assertThatThrownBy(() -> ClipConfig.preset("ViT-B/33"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("there is no preset 'ViT-B/33'; there are: ViT-B/32, ViT-B/16");
    assertThatThrownBy(() -> new VisionConfig(224, 15, 64, 1, 1)).hasMessageContaining("divide");
    assertThatThrownBy(() -> new VisionConfig(32, 8, 64, 1, 3)).hasMessageContaining("heads");
    assertThatThrownBy(() -> new TextConfig(77, 100, 64, 1, 1, 100))
        .hasMessageContaining("end token");
  }
}
