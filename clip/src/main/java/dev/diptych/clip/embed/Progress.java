package dev.diptych.clip.embed;

/** Is told how far a piece of work is. */
@FunctionalInterface
public interface Progress {
  /** {@code total} are to be done now; a piece of work before this one has ended. */
  default void begin(long total) {}

  /** {@code count} more are done, those that cannot be read too. */
  void done(long count);
}
