package dev.diptych.clip;

/**
 * The sizes of the text Transformer.
 *
 * @param contextLength tokens per text, T
 * @param vocabularySize number of token ids
 * @param width channels C of the residual stream
 * @param layers number of blocks
 * @param heads attention heads; divides {@code width}
 * @param endToken the id of the token whose position the text is pooled at
 */
public record TextConfig(
    int contextLength, int vocabularySize, int width, int layers, int heads, int endToken) {
  /** Checks that the sizes fit each other; throws {@link UserException} if not. */
  public TextConfig {
    if (contextLength < 2) {
      throw new UserException(
          "text: the context must hold at least the start and end token, got " + contextLength);
    }
    if (endToken < 0 || endToken >= vocabularySize) {
      throw new UserException(
          "text: the end token %d is not in the vocabulary of %d"
              .formatted(endToken, vocabularySize));
    }
    ClipConfig.checkTransformer("text", width, layers, heads);
  }

  /** These sizes with the vocabulary of a tokenizer, whose last id is the end token. */
  public TextConfig withVocabulary(int size) {
    return new TextConfig(contextLength, size, width, layers, heads, size - 1);
  }

  /** These sizes with another number of tokens per text. */
  public TextConfig withContextLength(int length) {
    return new TextConfig(length, vocabularySize, width, layers, heads, endToken);
  }
}
