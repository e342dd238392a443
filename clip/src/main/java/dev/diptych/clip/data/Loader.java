package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Makes batches ahead of the step that needs them: a few threads read, decode, augment and tokenize
 * while the model computes.
 *
 * <p><b>Training</b> never ends: epoch follows epoch, each in its own order, and the examples that
 * do not fill a last batch are left out of that epoch. A batch is a function of (seed, epoch,
 * step), so a run goes on from where it stopped with {@link #seek}. <b>Validation</b> gives every
 * example once, in order, with its first caption, and then null; the last batch may be smaller.
 *
 * <p><b>A picture that cannot be read</b> is noted in {@link DataSource#bad()}. In training its
 * place in the batch is taken by an example from just behind the batch in the order of the epoch
 * (from the epoch's beginning where it ends): the first unreadable place by the first readable of
 * these, and so on; when they run out, by the readable ones of the batch itself, in order. In
 * validation it is left out and the batch is smaller. Neither depends on what was loaded before.
 *
 * <p>One thread calls; the threads of the loader are daemons and end with {@link #close}.
 */
public final class Loader implements AutoCloseable {
  private static final AtomicInteger THREADS = new AtomicInteger();

  private final DataSource source;
  private final LoaderOptions options;
  private final ExecutorService pool;
  private final BatchPlanner planner;
  private final PairReader reader;
  private final Deque<PendingBatch> pending = new ArrayDeque<>();
  private final ArrayBlockingQueue<float[]> spareImages;
  private final Set<Long> unreadable = new HashSet<>();
  private long nextEpoch;
  private long nextStep;
  private long examplesSeen;
  private boolean ended;
  private boolean closed;

  /**
   * A loader at the beginning of epoch 0.
   *
   * @throws UserException when training and the source holds fewer examples than one batch
   */
  public Loader(
      DataSource source,
      LoaderOptions options,
      PictureTransform transform,
      CaptionTokenizer tokenizer) {
    this.source = source;
    this.options = options;
    if (source instanceof IndexedSource indexed
        && options.training()
        && indexed.size() < options.batchSize()) {
      throw tooFew(String.valueOf(indexed.size()));
    }
    this.pool = Executors.newFixedThreadPool(options.threads(), Loader::newThread);
    this.spareImages = new ArrayBlockingQueue<>(options.batchesAhead() + 2);
    int keepable = 0;
    switch (source) {
      case IndexedSource indexed -> {
        planner = new IndexedPlanner(indexed, options);
        keepable = indexed.size();
      }
      case ShardStream stream -> planner = new StreamPlanner(stream, options, pool);
    }
    this.reader =
        new PairReader(
            options, new PictureStore(transform, keepable, options.cacheBytes()), tokenizer);
  }

  private static Thread newThread(Runnable task) {
    Thread thread = new Thread(task, "diptych-loader-" + THREADS.incrementAndGet());
    thread.setDaemon(true);
    return thread;
  }

  private UserException tooFew(String found) {
    return new UserException(
        source.name()
            + ": holds "
            + found
            + " pictures with captions, fewer than one batch of "
            + options.batchSize()
            + "; lower --batch-size");
  }

  /** How many batches an epoch has; empty for a stream whose end was not reached yet. */
  public OptionalLong stepsPerEpoch() {
    return planner.stepsPerEpoch();
  }

  /**
   * Makes the next batch the one of this epoch and step, as if all before it had been taken.
   *
   * <p>For a step that the epoch does not have, training goes on with the next epoch.
   */
  public void seek(long epoch, long step) {
    if (epoch < 0 || step < 0) {
      throw new IllegalArgumentException(
          "seek: expected epoch and step >= 0, found " + epoch + " and " + step);
    }
    pending.forEach(PendingBatch::cancel);
    pending.clear();
    nextEpoch = epoch;
    nextStep = step;
    ended = false;
  }

  /**
   * The next batch, waiting for it if need be; null when validation has come to its end.
   *
   * @throws UserException when too many records are bad, or a whole batch is unreadable
   */
  public @Nullable Batch next() {
    if (closed) {
      throw new IllegalStateException("the loader is closed");
    }
    while (true) {
      prepareAhead();
      PendingBatch batch = pending.poll();
      if (batch == null) {
        return null;
      }
      batch.await();
      prepareAhead();
      Batch finished = batch.finish();
      noteUnreadable(batch);
      if (finished != null) {
        return finished;
      }
      if (options.training()) {
        throw new UserException(
            source.name()
                + ": not one picture of a whole batch can be read; "
                + source.bad().summary());
      }
    }
  }

  /**
   * Gives the memory of a batch's images back for a later batch. Optional; the batch's images must
   * not be looked at afterwards.
   */
  public void recycle(Batch batch) {
    if (batch.images().length == options.batchSize() * options.pixels()) {
      boolean _ = spareImages.offer(batch.images()); // full: let the collector have it
    }
  }

  @Override
  public void close() {
    pending.forEach(PendingBatch::cancel);
    pending.clear();
    closed = true;
    pool.shutdownNow();
  }

  private void prepareAhead() {
    while (!ended && pending.size() < options.batchesAhead()) {
      BatchPlanner.Plan plan = planner.plan(nextEpoch, nextStep);
      if (plan == null && options.training()) {
        nextEpoch++;
        nextStep = 0;
        plan = planner.plan(nextEpoch, nextStep);
        if (plan == null) {
          throw tooFew("too few");
        }
      }
      if (plan == null) {
        ended = true;
        return;
      }
      nextStep++;
      int floats = plan.examples().size() * options.pixels();
      float[] images = plan.examples().size() == options.batchSize() ? spareImages.poll() : null;
      PendingBatch batch =
          new PendingBatch(plan, options, reader, images != null ? images : new float[floats]);
      batch.start(pool);
      pending.add(batch);
    }
  }

  private void noteUnreadable(PendingBatch batch) {
    examplesSeen += batch.plan().examples().size();
    batch.failures((example, why) -> {
      unreadable.add(example.pictureId());
      source.bad().add(BadReason.CORRUPT_PICTURE, example.picture().name(), why);
    });
    long records =
        switch (source) {
          case IndexedSource indexed -> indexed.size();
          case ShardStream stream -> examplesSeen;
        };
    source.bad().check(Math.max(0, records - unreadable.size()));
  }
}
