package dev.diptych.clip.data;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Batches of an indexed source: slices of a permutation that (seed, epoch) determines. */
final class IndexedPlanner implements BatchPlanner {
  private final IndexedSource source;
  private final LoaderOptions options;
  private long epochOfOrder = -1;
  private int[] order = new int[0];

  IndexedPlanner(IndexedSource source, LoaderOptions options) {
    this.source = source;
    this.options = options;
  }

  @Override
  public @Nullable Plan plan(long epoch, long step) {
    if (step >= stepsPerEpoch().getAsLong()) {
      return null;
    }
    if (epoch != epochOfOrder) {
      order =
          options.training()
              ? Draws.permutation(source.size(), Draws.ofEpoch(options.seed(), epoch, Draws.ORDER))
              : Draws.identity(source.size());
      epochOfOrder = epoch;
    }
    int from = (int) (step * options.batchSize());
    int to = Math.min(order.length, from + options.batchSize());
    // Past the end of the epoch the spares go on from its beginning.
    int spares = options.training() ? Math.min(to - from, order.length - (to - from)) : 0;
    return new Plan(epoch, step, slice(from, to - from), slice(to, spares));
  }

  private List<Example> slice(int from, int count) {
    List<Example> examples = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      examples.add(source.example(order[(from + i) % order.length]));
    }
    return examples;
  }

  @Override
  public OptionalLong stepsPerEpoch() {
    long size = source.size();
    int batch = options.batchSize();
    return OptionalLong.of(options.training() ? size / batch : Math.ceilDiv(size, batch));
  }
}
