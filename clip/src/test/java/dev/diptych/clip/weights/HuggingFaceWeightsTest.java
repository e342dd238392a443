package dev.diptych.clip.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.autograd.Parameter;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Hugging Face directory written here by hand, name by name, holds the model it was made from.
 */
class HuggingFaceWeightsTest {
  private static final String CONFIG =
      """
      {
        "model_type": "clip",
        "projection_dim": 10,
        "vision_config": {
          "image_size": 12, "patch_size": 4, "hidden_size": 24, "intermediate_size": 96,
          "num_hidden_layers": 2, "num_attention_heads": 3, "hidden_act": "gelu"
        },
        "text_config": {
          "vocab_size": 30, "max_position_embeddings": 7, "hidden_size": 16,
          "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
          "hidden_act": "gelu", "eos_token_id": 5
        }
      }
      """;

  @TempDir Path folder = Path.of(".");
  private final Clip clip = Clip.create(OpenAiWeightsTest.ODD, 1);
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  @BeforeEach
  void makeTensors() throws IOException {
    Files.writeString(folder.resolve("config.json"), CONFIG);
    Map<String, Tensor> ours = new LinkedHashMap<>();
    for (Parameter parameter : clip.parameters().list()) {
      ours.put(OpenAiNames.of(parameter.name()), parameter.value());
    }
    put("logit_scale", ours.get("logit_scale"));
    put("text_model.embeddings.token_embedding.weight", ours.get("token_embedding.weight"));
    put("text_model.embeddings.position_embedding.weight", ours.get("positional_embedding"));
    put("text_model.final_layer_norm.weight", ours.get("ln_final.weight"));
    put("text_model.final_layer_norm.bias", ours.get("ln_final.bias"));
    put("vision_model.embeddings.class_embedding", ours.get("visual.class_embedding"));
    put("vision_model.embeddings.patch_embedding.weight", ours.get("visual.conv1.weight"));
    put(
        "vision_model.embeddings.position_embedding.weight",
        ours.get("visual.positional_embedding"));
    put("vision_model.pre_layrnorm.weight", ours.get("visual.ln_pre.weight"));
    put("vision_model.pre_layrnorm.bias", ours.get("visual.ln_pre.bias"));
    put("vision_model.post_layernorm.weight", ours.get("visual.ln_post.weight"));
    put("vision_model.post_layernorm.bias", ours.get("visual.ln_post.bias"));
    put("visual_projection.weight", transposed(ours.get("visual.proj")));
    put("text_projection.weight", transposed(ours.get("text_projection")));
    for (int i = 0; i < 2; i++) {
      putBlock(ours, "visual.transformer.resblocks." + i, "vision_model.encoder.layers." + i);
    }
    for (int i = 0; i < 3; i++) {
      putBlock(ours, "transformer.resblocks." + i, "text_model.encoder.layers." + i);
    }
  }

  private void put(String name, @org.jspecify.annotations.Nullable Tensor tensor) {
    tensors.put(name, Objects.requireNonNull(tensor, name));
  }

  private void putBlock(Map<String, Tensor> ours, String from, String to) {
    for (String kind : new String[] {"weight", "bias"}) {
      Tensor input = Objects.requireNonNull(ours.get(from + ".attn.in_proj_" + kind));
      int third = input.dim(0) / 3;
      put(to + ".self_attn.q_proj." + kind, input.narrow(0, 0, third));
      put(to + ".self_attn.k_proj." + kind, input.narrow(0, third, third));
      put(to + ".self_attn.v_proj." + kind, input.narrow(0, 2 * third, third));
      put(to + ".self_attn.out_proj." + kind, ours.get(from + ".attn.out_proj." + kind));
      put(to + ".layer_norm1." + kind, ours.get(from + ".ln_1." + kind));
      put(to + ".layer_norm2." + kind, ours.get(from + ".ln_2." + kind));
      put(to + ".mlp.fc1." + kind, ours.get(from + ".mlp.c_fc." + kind));
      put(to + ".mlp.fc2." + kind, ours.get(from + ".mlp.c_proj." + kind));
    }
  }

  private static Tensor transposed(@org.jspecify.annotations.Nullable Tensor tensor) {
    Tensor matrix = Objects.requireNonNull(tensor);
    Tensor turned = matrix.transpose(0, 1);
    return Tensor.of(turned.toArray(), turned.shape());
  }

  private Clip load() throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    tensors.forEach(writer::add);
    writer.write(folder.resolve("model.safetensors"));
    return ModelFiles.load(folder);
  }

  private void refused(String... words) {
    assertThatThrownBy(this::load).isInstanceOf(UserException.class).hasMessageContainingAll(words);
  }

  private void config(String from, String to) throws IOException {
    assertThat(CONFIG).contains(from);
    Files.writeString(folder.resolve("config.json"), CONFIG.replace(from, to));
  }

  @Test
  void everyWeightFindsItsPlace() throws IOException {
    Clip read = load();
    assertThat(read.config()).isEqualTo(OpenAiWeightsTest.ODD);
    assertThat(read.parameters().values().toArray())
        .isEqualTo(clip.parameters().values().toArray());
  }

  @Test
  void theEndTokenThatWasNeverTrue() throws IOException {
    config("\"eos_token_id\": 5", "\"eos_token_id\": 2");
    ClipConfig found = load().config();
    assertThat(found.text().endToken()).isEqualTo(29);
  }

  @Test
  void everyMissingTensorIsNamed() {
    for (String name : tensors.keySet().toArray(new String[0])) {
      Tensor kept = Objects.requireNonNull(tensors.remove(name));
      refused("model.safetensors", "'" + name + "' is missing");
      tensors.put(name, kept);
    }
  }

  @Test
  void aShapeThatConfigDoesNotSay() {
    // As many numbers, and yet not these weights.
    String name = "vision_model.encoder.layers.1.self_attn.k_proj.weight";
    Tensor kept = Objects.requireNonNull(tensors.get(name));
    tensors.put(name, Tensor.of(kept.toArray(), Shape.of(12, 48)));
    refused("'" + name + "' has the shape (12, 48), config.json makes it (24, 24)");
    tensors.put(name, kept);
    tensors.computeIfPresent(
        "text_projection.weight",
        (key, projection) ->
            Tensor.of(projection.toArray(), Shape.of(projection.dim(1), projection.dim(0))));
    refused("'text_projection.weight' has the shape (16, 10), config.json makes it (10, 16)");
  }

  @Test
  void whatConfigJsonMayNotSay() throws IOException {
    config("\"clip\"", "\"siglip\"");
    refused("config.json: model_type must be 'clip', found 'siglip'");
    Files.writeString(folder.resolve("config.json"), CONFIG.replace("\"gelu\"", "\"relu\""));
    refused("the activation 'relu' is not known");
    config("\"intermediate_size\": 96", "\"intermediate_size\": 80");
    refused("vision_config.intermediate_size must be 4·hidden_size = 96, found 80");
    config("\"num_attention_heads\": 3", "\"num_attention_heads\": 5");
    refused("24 channels, 2 layers and 5 heads");
    config("\"patch_size\": 4", "\"patch_size\": 5");
    refused("12 pixels do not divide into patches of 5");
    config("\"hidden_size\": 24", "\"hidden_size\": [24]");
    refused("config.json");
    Files.writeString(folder.resolve("config.json"), CONFIG.substring(0, 100));
    refused("config.json is not JSON");
  }

  @Test
  void weightsThatAreMissingOrCutOff() throws IOException {
    assertThatThrownBy(() -> ModelFiles.load(folder))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds no model: expected model.safetensors");
    load();
    Path weights = folder.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(whole, whole.length - 1));
    assertThatThrownBy(() -> ModelFiles.load(folder))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("model.safetensors");
  }
}
