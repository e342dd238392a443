package dev.diptych.clip.data;

import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Decides which examples make up a batch, before any picture is read. Used by one thread. */
sealed interface BatchPlanner permits IndexedPlanner, StreamPlanner {
  /** The examples of a batch; null when the epoch has no such step. */
  @Nullable Plan plan(long epoch, long step);

  /** How many batches an epoch has; empty while that is not known. */
  OptionalLong stepsPerEpoch();

  /**
   * The examples of a batch, and those that follow them in the order of the epoch, which take the
   * places of unreadable ones.
   */
  record Plan(long epoch, long step, List<Example> examples, List<Example> spares) {}
}
