package dev.diptych.clip.data;

import dev.diptych.tensor.random.Philox;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Batches of a stream of shards: shards in an order that (seed, epoch) determines, their examples
 * through a shuffle buffer. Going on from step to step is cheap; jumping to a step walks through
 * the shards before it, without reading a picture.
 */
final class StreamPlanner implements BatchPlanner {
  private final ShardStream source;
  private final LoaderOptions options;
  private final ExecutorService pool;
  private final Deque<Example> ahead = new ArrayDeque<>();
  private @Nullable Cursor cursor;
  private long epoch;
  private long step;
  private OptionalLong stepsPerEpoch = OptionalLong.empty();

  StreamPlanner(ShardStream source, LoaderOptions options, ExecutorService pool) {
    this.source = source;
    this.options = options;
    this.pool = pool;
  }

  @Override
  public @Nullable Plan plan(long wantedEpoch, long wantedStep) {
    Cursor from = cursor;
    if (from == null || wantedEpoch != epoch || wantedStep != step) {
      from = new Cursor(wantedEpoch);
      cursor = from;
      epoch = wantedEpoch;
      step = 0;
      ahead.clear();
      while (step < wantedStep) {
        if (take(from).isEmpty()) {
          return null;
        }
        step++;
      }
    }
    List<Example> examples = take(from);
    if (examples.isEmpty()) {
      stepsPerEpoch = OptionalLong.of(step);
      return null;
    }
    List<Example> spares = new ArrayList<>();
    if (options.training()) {
      fill(from);
      for (Example example : ahead) {
        spares.add(example);
      }
    }
    return new Plan(epoch, step++, examples, spares);
  }

  /** The examples of the next batch; none at the end of the epoch. */
  private List<Example> take(Cursor from) {
    fill(from);
    List<Example> examples = new ArrayList<>(options.batchSize());
    if (ahead.size() == options.batchSize() || !options.training()) {
      examples.addAll(ahead);
      ahead.clear();
    }
    return examples;
  }

  private void fill(Cursor from) {
    while (ahead.size() < options.batchSize()) {
      Example example = from.next();
      if (example == null) {
        return;
      }
      ahead.add(example);
    }
  }

  @Override
  public OptionalLong stepsPerEpoch() {
    return stepsPerEpoch;
  }

  /** One epoch's examples in their order. */
  private final class Cursor {
    private final int[] shards;
    private final Philox random;
    private final List<Example> buffer = new ArrayList<>();
    private int nextShard;
    private @Nullable Future<List<Example>> reading;
    private List<Example> current = List.of();
    private int place;

    Cursor(long epoch) {
      long seed = options.seed();
      shards =
          options.training()
              ? Draws.permutation(source.shardCount(), Draws.ofEpoch(seed, epoch, Draws.SHARDS))
              : Draws.identity(source.shardCount());
      random = Draws.ofEpoch(seed, epoch, Draws.BUFFER);
      readAhead();
    }

    @Nullable Example next() {
      if (!options.training()) {
        return unshuffled();
      }
      while (buffer.size() < source.shuffleBuffer()) {
        Example example = unshuffled();
        if (example == null) {
          break;
        }
        buffer.add(example);
      }
      if (buffer.isEmpty()) {
        return null;
      }
      int drawn = Draws.below(random, buffer.size());
      Example last = buffer.removeLast();
      return drawn == buffer.size() ? last : buffer.set(drawn, last);
    }

    private @Nullable Example unshuffled() {
      while (place == current.size()) {
        Future<List<Example>> future = reading;
        if (future == null) {
          return null;
        }
        current = await(future);
        place = 0;
        readAhead();
      }
      return current.get(place++);
    }

    private void readAhead() {
      if (nextShard == shards.length) {
        reading = null;
        return;
      }
      int shard = shards[nextShard++];
      reading = pool.submit(() -> source.read(shard));
    }
  }

  private static List<Example> await(Future<List<Example>> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while a shard was read");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    }
  }
}
