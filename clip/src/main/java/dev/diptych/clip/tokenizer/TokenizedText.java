package dev.diptych.clip.tokenizer;

/**
 * A text as the text tower reads it.
 *
 * @param tokens (T): start token, the text's tokens, end token, then zeros up to the context length
 * @param length number of tokens up to and with the end token, which is at {@code length - 1}
 * @param lost number of the text's tokens that did not fit; zero unless it was cut
 */
public record TokenizedText(int[] tokens, int length, int lost) {}
