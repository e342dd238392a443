package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.gelu.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipConfigTest {
  @ParameterizedTest
  @CsvSource({
    "ViT-B/32, 151277313",
    "ViT-B-16, 149620737",
    "openai/clip-vit-large-patch14, 427616513",
    "vit-l-14-336, 427944193",
  })
  void publishedModelsHaveTheirPublishedSize(String name, long parameters) {
    assertThat(Clip.parameterCount(ClipConfig.preset(name))).isEqualTo(parameters);
  }

  @Test
  void aModelHasTheParametersThatWereCounted() {
    for (String name : new String[] {"mini-48", "mini-64"}) {
      ClipConfig config = ClipConfig.preset(name);
      assertThat((long) Clip.blank(config).parameters().size())
          .isEqualTo(Clip.parameterCount(config));
    }
  }

  @Test
  void aSuffixChoosesTheActivation() {
    assertThat(ClipConfig.preset("ViT-B-32").activation()).isEqualTo(Activation.QUICK_GELU);
    assertThat(ClipConfig.preset("ViT-B-32-gelu").activation()).isEqualTo(Activation.GELU);
    assertThat(ClipConfig.preset("ViT-H-14").activation()).isEqualTo(Activation.GELU);
    assertThat(ClipConfig.preset("ViT-H-14-quickgelu").activation())
        .isEqualTo(Activation.QUICK_GELU);
    assertThat(ClipConfig.preset("ViT-H-14-378-quickgelu").vision().imageSize()).isEqualTo(378);
  }

  @Test
  void mistakesAreNamed() {
    assertThatThrownBy(() -> ClipConfig.preset("ViT-B/33"))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("there is no preset 'ViT-B/33'; there are: ViT-B/32, ViT-B/16");
    assertThatThrownBy(() -> new VitConfig(224, 15, 64, 1, 1)).hasMessageContaining("divide");
    assertThatThrownBy(() -> new VitConfig(32, 8, 64, 1, 3)).hasMessageContaining("heads");
    assertThatThrownBy(() -> new TextConfig(77, 100, 64, 1, 1, 100))
        .hasMessageContaining("end token");
  }
}
