package dev.diptych.clip.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ResNetConfig;
import dev.diptych.clip.UserException;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which tensors make a model, under which names, and what else may be there. */
class ModelTensorsTest {
  @TempDir Path folder;
  private final Clip clip = Clip.create(OpenAiWeightsTest.ODD, 1);

  /** All weights in {@code layout}, with {@code prefix} before their names. */
  private SafetensorsWriter writer(Layout layout, String prefix) {
    SafetensorsWriter writer = new SafetensorsWriter();
    Architecture.describe(clip.config(), writer);
    for (Map.Entry<String, Tensor> ours : clip.parameters().state().entrySet()) {
      for (Layout.Piece piece : layout.pieces(ours.getKey(), ours.getValue())) {
        Tensor value = piece.transposed() ? piece.value().transpose(0, 1) : piece.value();
        writer.add(prefix + piece.name(), value);
      }
    }
    return writer;
  }

  private Path write(SafetensorsWriter writer) throws IOException {
    Path file = folder.resolve("weights.safetensors");
    writer.write(file);
    return file;
  }

  private static Tensor two() {
    return Tensor.of(new float[] {1, 2}, Shape.of(2));
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void everyLayoutBehindEveryPrefix(Layout layout) throws IOException {
    for (String prefix :
        new String[] {"", "module.", "_orig_mod.", "state_dict.", "state_dict.module._orig_mod."}) {
      LoadedModel read = ModelFiles.read(write(writer(layout, prefix)), null);
      assertThat(read.layout()).isEqualTo(layout);
      assertThat(read.clip().config()).isEqualTo(clip.config());
      assertThat(read.clip().fingerprint()).isEqualTo(clip.fingerprint());
    }
  }

  @Test
  void theModelItselfIsTakenNotItsAverage() throws IOException {
    SafetensorsWriter writer = writer(Layout.OPENAI, "model.");
    Clip average = Clip.create(OpenAiWeightsTest.ODD, 2);
    average
        .parameters()
        .state()
        .forEach((ours, value) -> writer.add("averaged_model." + OpenAiNames.of(ours), value));
    assertThat(ModelFiles.load(write(writer)).fingerprint()).isEqualTo(clip.fingerprint());
  }

  @Test
  void whatIsKnownAndNotNeededIsLeftOutInSilence() throws IOException {
    SafetensorsWriter writer = writer(Layout.OPENAI, "state_dict.module.");
    writer.add("state_dict.module.attn_mask", two());
    writer.add("state_dict.module.visual.position_ids", new IntTensor(Shape.of(2), new int[2]));
    writer.add("optimizer.state.0.exp_avg", two());
    Path file = write(writer);
    assertThat(warnings(ModelTensors.class, () -> ModelFiles.load(file))).isEmpty();
  }

  @Test
  void whatIsUnknownIsNamedOnceIfItIsOutsideOfTheModel() throws IOException {
    Path file = write(writer(Layout.OPENAI, "module.").add("mood", two()).add("luck", two()));
    assertThat(warnings(ModelTensors.class, () -> ModelFiles.load(file)))
        .hasSize(1)
        .first()
        .asString()
        .contains("2 tensors are not known and left out: ", "mood", "luck");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "visual.transformer.resblocks.0.ls_1.gamma",
        "visual.transformer.resblocks.2.ln_1.weight",
        "transformer.resblocks.0.attn.bias_k",
        "text.cls_emb.weight"
      })
  void whatIsUnknownInATowerIsRefused(String name) throws IOException {
    Path file = write(writer(Layout.OPENAI, "").add(name, two()));
    assertThatThrownBy(() -> ModelFiles.load(file)).isInstanceOf(UserException.class);
    // Files of ours state no number of blocks: one more is a block that is not whole.
    assertThatThrownBy(() -> ModelFiles.load(file)).hasMessageContaining("weights.safetensors");
  }

  @ParameterizedTest
  @CsvSource({
    "visual.trunk.stem.0.weight, one of timm's",
    "module.visual.trunk.blocks.0.ls1.gamma, one of timm's",
    "text_decoder.resblocks.0.ln_1.weight, it is a CoCa",
    "text.transformer.embeddings.word_embeddings.weight, another language model",
    "logit_bias, it is a SigLIP",
    "vision_model.head.probe, it is a SigLIP"
  })
  void modelsOfOtherKindsAreRefusedByName(String name, String words) throws IOException {
    Path file = write(new SafetensorsWriter().add("logit_scale", two()).add(name, two()));
    assertThatThrownBy(() -> ModelFiles.load(file))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll("weights.safetensors", words, name);
  }

  @Test
  void quantisedWeightsAreRefused() throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    Architecture.describe(clip.config(), writer);
    clip.parameters()
        .state()
        .forEach((ours, value) -> {
          if (ours.equals("text.tokens")) {
            writer.addBytes(OpenAiNames.of(ours), new byte[value.shape().size()], value.shape());
          } else {
            writer.add(OpenAiNames.of(ours), value);
          }
        });
    Path file = write(writer);
    assertThatThrownBy(() -> ModelFiles.load(file))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll("'token_embedding.weight' holds U8", "quantised");
  }

  @Test
  void aGuessedActivationIsAnnouncedAndASaidOneIsNot() throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    Clip plain = Clip.create(OpenAiWeightsTest.ODD.withActivation(Activation.QUICK_GELU), 1);
    plain.parameters().state().forEach((ours, value) -> writer.add(OpenAiNames.of(ours), value));
    writer.metadata("vision_heads", "3").metadata("text_heads", "4");
    Path file = write(writer);
    assertThat(warnings(ModelReader.class, () -> ModelFiles.load(file)))
        .hasSize(1)
        .first()
        .asString()
        .contains("quick_gelu is assumed", "say --activation gelu", "OpenAI's models have");
    assertThat(warnings(ModelReader.class, () -> ModelFiles.read(file, Activation.GELU))).isEmpty();
  }

  /** ViT-B/32 in OpenAI's names may be either; a size of open_clip's alone is open_clip's. */
  @Test
  void presetsAreKnownByTheirSizes() {
    assertThat(ClipConfig.preset("ViT-B/32").presetName()).isEqualTo("ViT-B/32");
    assertThat(ClipConfig.preset("ViT-B/32-gelu").presetName()).isEqualTo("ViT-B/32-gelu");
    assertThat(ClipConfig.preset("ViT-H/14").withActivation(Activation.QUICK_GELU).presetName())
        .isEqualTo("ViT-H/14-quickgelu");
    assertThat(OpenAiWeightsTest.ODD.presetName()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "'\"timm_model_name\": \"vit_base\"', vision_cfg.timm_model_name is vit_base",
    "'\"pool_type\": \"avg\"', (expected tok)",
    "'\"mlp_ratio\": 4.3637', vision_cfg.mlp_ratio is 4.3637",
    "'\"image_size\": [12, 16]', are not square"
  })
  void whatOpenClipsConfigurationMayNotSay(String setting, String words) throws IOException {
    write(writer(Layout.OPENAI, ""));
    Files.writeString(
        folder.resolve("open_clip_config.json"),
        "{\"model_cfg\": {\"embed_dim\": 10, \"vision_cfg\": {%s}, \"text_cfg\": {}}}"
            .formatted(setting));
    assertThatThrownBy(() -> ModelFiles.load(folder))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll("open_clip_config.json", words);
  }

  @Test
  void openClipsConfigurationOfAResNet() throws IOException {
    Files.writeString(
        folder.resolve("open_clip_config.json"),
        """
        {"model_cfg": {"embed_dim": 1024, "quick_gelu": true,
          "vision_cfg": {"image_size": 224, "layers": [3, 4, 6, 3], "width": 64, "patch_size": null},
          "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8,
            "layers": 12}}}
        """);
    StatedModel stated = Objects.requireNonNull(StatedModel.beside(folder, Layout.OPENAI));
    assertThat(stated.config()).isEqualTo(ClipConfig.preset("RN50"));
    assertThat(stated.config().vision()).isInstanceOf(ResNetConfig.class);
  }

  @Test
  void picturesThatWantOtherScalingAreToldSo() throws IOException {
    Path file = write(writer(Layout.OPENAI, ""));
    Files.writeString(
        folder.resolve("preprocessor_config.json"),
        "{\"resample\": 2, \"size\": {\"height\": 12, \"width\": 12}, \"do_center_crop\": true}");
    assertThat(
            warnings(
                PictureConfig.class, () -> PictureConfig.beside(folder, Layout.HUGGING_FACE, 12)))
        .hasSize(1)
        .first()
        .asString()
        .contains("resample = 2 instead of 3", "size = ");
    assertThat(ModelFiles.read(file, null).preprocess().size()).isEqualTo(12);
  }

  /** Something that may warn. */
  @FunctionalInterface
  private interface Work {
    Object run() throws IOException;
  }

  private static List<String> warnings(Class<?> of, Work work) throws IOException {
    List<String> messages = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            messages.add(new SimpleFormatter().formatMessage(record));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(of.getName());
    logger.addHandler(handler);
    try {
      work.run();
    } finally {
      logger.removeHandler(handler);
    }
    return messages;
  }
}
