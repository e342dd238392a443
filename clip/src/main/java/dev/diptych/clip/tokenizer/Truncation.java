package dev.diptych.clip.tokenizer;

/** What to do with a text of more tokens than the model reads. */
public enum Truncation {
  /** Refuse it, saying how long it is. */
  REFUSE,

  /** Leave out the tokens at its end and say how many. */
  CUT
}
