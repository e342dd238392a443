package dev.diptych.clip.weights;

import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The ways in which checkpoints name and cut up the tensors of a CLIP. Reading and writing both go
 * by {@link #pieces}.
 */
public enum Layout {
  /** OpenAI's names, which open_clip shares for its standard models. */
  OPENAI("OpenAI's names"),

  /** open_clip's {@code CustomTextCLIP}: OpenAI's names, with {@code text.} before the text's. */
  CUSTOM_TEXT("open_clip's names, CustomTextCLIP"),

  /**
   * transformers' {@code CLIPModel}: queries, keys and values are three tensors there and one here,
   * and the two projections are transposed.
   */
  HUGGING_FACE("Hugging Face's names, CLIPModel");

  private static final String INPUT = ".attention.input.";
  private static final String[] QUERY_KEY_VALUE = {"q_proj", "k_proj", "v_proj"};

  private final String description;

  Layout(String description) {
    this.description = description;
  }

  /**
   * A tensor of a checkpoint.
   *
   * @param name in the checkpoint
   * @param value what of ours it holds, sharing its memory
   * @param transposed whether it is (D, C) there and (C, D) here
   */
  record Piece(String name, Tensor value, boolean transposed) {
    /** The shape in the checkpoint. */
    Shape shape() {
      return transposed ? Shape.of(value.dim(1), value.dim(0)) : value.shape();
    }
  }

  /** The tensors that together hold the parameter or buffer {@code ours} of a {@code Clip}. */
  List<Piece> pieces(String ours, Tensor value) {
    if (this == HUGGING_FACE && ours.contains(INPUT)) {
      int rows = value.dim(0) / 3; // (3C, C) → three of (C, C), (3C) → three of (C)
      List<Piece> pieces = new ArrayList<>();
      for (int i = 0; i < QUERY_KEY_VALUE.length; i++) {
        String name = name(ours).replace("self_attn.", "self_attn." + QUERY_KEY_VALUE[i] + ".");
        pieces.add(new Piece(name, value.narrow(0, i * rows, rows), false));
      }
      return pieces;
    }
    return List.of(new Piece(name(ours), value, isTransposed(ours)));
  }

  /** Whether the checkpoint has the parameter {@code ours} with its two axes exchanged. */
  boolean isTransposed(String ours) {
    return this == HUGGING_FACE && ours.endsWith(".projection");
  }

  /** The checkpoint's name of our parameter, of a group of them, or of their common beginning. */
  String name(String ours) {
    return switch (this) {
      case OPENAI -> OpenAiNames.of(ours);
      case CUSTOM_TEXT -> (ours.startsWith("text.") ? "text." : "") + OpenAiNames.of(ours);
      case HUGGING_FACE -> huggingFace(ours);
    };
  }

  private static String huggingFace(String ours) {
    return switch (ours) {
      case "logitScale" -> "logit_scale";
      case "text.tokens" -> "text_model.embeddings.token_embedding.weight";
      case "text.positions" -> "text_model.embeddings.position_embedding.weight";
      case "text.projection" -> "text_projection.weight";
      case "vision.patches.weight" -> "vision_model.embeddings.patch_embedding.weight";
      case "vision.classEmbedding" -> "vision_model.embeddings.class_embedding";
      case "vision.positions" -> "vision_model.embeddings.position_embedding.weight";
      case "vision.projection" -> "visual_projection.weight";
      default ->
          ours.replace("vision.preNorm", "vision_model.pre_layrnorm") // their spelling
              .replace("vision.postNorm", "vision_model.post_layernorm")
              .replace("text.finalNorm", "text_model.final_layer_norm")
              .replace("vision.blocks", "vision_model.encoder.layers")
              .replace("text.blocks", "text_model.encoder.layers")
              .replace("attentionNorm", "layer_norm1")
              .replace("mlpNorm", "layer_norm2")
              .replace("attention.output", "self_attn.out_proj")
              .replace("attention.input", "self_attn")
              .replace("mlp.expand", "mlp.fc1")
              .replace("mlp.contract", "mlp.fc2");
    };
  }

  /** For people. */
  @Override
  public String toString() {
    return description;
  }
}
