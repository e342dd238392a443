package dev.diptych.clip.weights;

import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** What transformers' {@code CLIPTokenizer} reads beside {@code vocab.json}. */
final class TokenizerConfig {
  private static final String START = "<|startoftext|>";
  private static final String END = "<|endoftext|>";

  private TokenizerConfig() {}

  /** {@code tokenizer_config.json}. */
  static ObjectNode settings(int contextLength) {
    ObjectNode root = specialTokens();
    root.put("add_prefix_space", false);
    root.put("errors", "replace");
    root.put("do_lower_case", true);
    root.put("model_max_length", contextLength);
    root.put("tokenizer_class", "CLIPTokenizer");
    return root;
  }

  /** {@code special_tokens_map.json}. */
  static ObjectNode specialTokens() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    root.put("bos_token", START);
    root.put("eos_token", END);
    root.put("unk_token", END);
    root.put("pad_token", END);
    return root;
  }
}
