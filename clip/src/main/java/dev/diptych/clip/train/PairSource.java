package dev.diptych.clip.train;

/**
 * Where the pairs of training come from. The batch of a step must be a function of the step alone,
 * so that a run that was stopped goes on as if it never had been.
 */
public interface PairSource extends AutoCloseable {
  /** Makes the next batch the one of {@code step}, counted from 0 over the whole run. */
  void seek(long step);

  /** The batch of the next step; valid until the call after. */
  PairBatch next();

  @Override
  void close();
}
