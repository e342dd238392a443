package dev.diptych.clip;

import java.util.Locale;

/** Counts the texts that were longer than a model's context, and what they lost. */
public final class CutTexts {
  private long texts;
  private long cut;
  private long tokens;

  CutTexts() {}

  /** Counts a text that lost {@code lost} tokens; whether that is any. */
  boolean count(int lost) {
    texts++;
    cut += lost > 0 ? 1 : 0;
    tokens += lost;
    return lost > 0;
  }

  /** All texts. */
  public long texts() {
    return texts;
  }

  /** Those that were cut. */
  public long cut() {
    return cut;
  }

  /** The tokens that the cut ones lost, together. */
  public long tokens() {
    return tokens;
  }

  /** For example "12 of 10,000 texts lost 340 tokens at their ends: they are longer". */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%,d of %,d texts lost %,d tokens at their ends: they are longer",
        cut,
        texts,
        tokens);
  }
}
