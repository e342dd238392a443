package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.gelu.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClipConfigTest {
  /** Counted in open_clip's models of these names; widths as in the paper's Tables 19 and 20. */
  @ParameterizedTest
  @CsvSource({
    "ViT-B/32, 224, 512, 151277313",
    "ViT-B/16, 224, 512, 149620737",
    "ViT-L/14, 224, 768, 427616513",
    "ViT-L/14@336px, 336, 768, 427944193",
    "RN50, 224, 1024, 102007137",
    "RN101, 224, 512, 119688033",
    "RN50x4, 288, 640, 178300601",
    "RN50x16, 384, 768, 290979217",
    "RN50x64, 448, 1024, 623258305",
    "ViT-S/32, 224, 384, 63085825",
    "ViT-S/16, 224, 384, 62257537",
    "ViT-B/32-256, 256, 512, 151288833",
    "ViT-B/16-plus-240, 240, 640, 208377345",
    "ViT-H/14, 224, 1024, 986109441",
    "ViT-H/14-378, 378, 1024, 986714881",
  })
  void publishedModelsHaveTheirPublishedSizes(
      String name, int imageSize, int embedDim, long parameters) {
    ClipConfig config = ClipConfig.preset(name);
    assertThat(config.vision().imageSize()).isEqualTo(imageSize);
    assertThat(config.embedDim()).isEqualTo(embedDim);
    assertThat(Clip.parameterCount(config)).isEqualTo(parameters);
    String dashed = name.replace('/', '-').replace('@', '-').replace("px", "");
    assertThat(ClipConfig.preset(dashed)).isEqualTo(config);
    assertThat(ClipConfig.preset(dashed + "-quickgelu"))
        .isEqualTo(config.withActivation(Activation.QUICK_GELU));
  }

  @Test
  void everyPresetButTheSmallOnesIsCountedAbove() {
    assertThat(ClipConfig.presetNames().stream().filter(name -> !name.startsWith("mini-")))
        .hasSize(15);
    assertThat(ClipConfig.preset("openai/clip-vit-large-patch14"))
        .isEqualTo(ClipConfig.preset("ViT-L/14"));
    assertThat(ClipConfig.preset("vit-l-14-336")).isEqualTo(ClipConfig.preset("ViT-L/14@336px"));
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
