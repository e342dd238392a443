package dev.diptych.clip.data;

/** From a caption to the T tokens that the model reads. Called by several threads at once. */
@FunctionalInterface
public interface CaptionTokenizer {
  /** The tokens of {@code caption}: start token, text, end token, padding; always T of them. */
  int[] tokenize(String caption);
}
