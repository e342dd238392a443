package dev.diptych.clip.data;

import java.util.Iterator;

/**
 * Texts, read one after the other while they are asked for. What is no text is noted as a bad
 * record and passed over.
 *
 * <p>{@link #hasNext} throws {@link dev.diptych.clip.UserException} if the file cannot be read on.
 */
public interface Texts extends Iterator<Text>, AutoCloseable {
  /** Closes the file. */
  @Override
  void close();
}
