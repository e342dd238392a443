package dev.diptych.clip.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A batch in the making. */
final class PendingBatch {
  /** Pairs per task: enough to make handing it over cheap, few enough to share a batch out. */
  private static final int PAIRS_PER_TASK = 4;

  private final BatchPlanner.Plan plan;
  private final LoaderOptions options;
  private final PairReader reader;
  private final Example[] examples;
  private final float[] images;
  private final int[] tokens;
  private final @Nullable String[] failures;
  private final List<Example> failedSpares = new ArrayList<>();
  private final List<String> failedSparesWhy = new ArrayList<>();
  private final CountDownLatch tasksLeft;
  private volatile boolean cancelled;
  private volatile @Nullable Throwable error;

  PendingBatch(BatchPlanner.Plan plan, LoaderOptions options, PairReader reader, float[] images) {
    this.plan = plan;
    this.options = options;
    this.reader = reader;
    this.examples = plan.examples().toArray(new Example[0]);
    this.images = images;
    this.tokens = new int[examples.length * options.contextLength()];
    this.failures = new @Nullable String[examples.length];
    this.tasksLeft = new CountDownLatch(Math.ceilDiv(examples.length, PAIRS_PER_TASK));
  }

  BatchPlanner.Plan plan() {
    return plan;
  }

  void start(Executor pool) {
    for (int from = 0; from < examples.length; from += PAIRS_PER_TASK) {
      int first = from;
      pool.execute(() -> read(first, Math.min(examples.length, first + PAIRS_PER_TASK)));
    }
  }

  private void read(int from, int to) {
    try {
      for (int slot = from; slot < to && !cancelled; slot++) {
        failures[slot] = reader.read(examples[slot], plan.epoch(), slot, images, tokens);
      }
    } catch (Throwable e) { // a mistake of ours or no memory: for the thread that waits
      error = e;
    } finally {
      tasksLeft.countDown();
    }
  }

  void cancel() {
    cancelled = true;
  }

  void await() {
    try {
      tasksLeft.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while waiting for a batch");
    }
    Throwable thrown = error;
    if (thrown instanceof RuntimeException exception) {
      throw exception;
    }
    if (thrown != null) {
      throw new IllegalStateException("a loader thread failed: " + thrown, thrown);
    }
  }

  /** Names every example that could not be read, in order, with the reason. */
  void failures(BiConsumer<Example, String> each) {
    List<Example> planned = plan.examples();
    for (int slot = 0; slot < failures.length; slot++) {
      String why = failures[slot];
      if (why != null) {
        each.accept(planned.get(slot), why);
      }
    }
    for (int i = 0; i < failedSpares.size(); i++) {
      each.accept(failedSpares.get(i), failedSparesWhy.get(i));
    }
  }

  /** The batch with its unreadable places filled or closed up; null when nothing is readable. */
  @Nullable Batch finish() {
    List<Integer> readable = new ArrayList<>();
    for (int slot = 0; slot < failures.length; slot++) {
      if (failures[slot] == null) {
        readable.add(slot);
      }
    }
    if (readable.isEmpty() && plan.spares().isEmpty()) {
      return null;
    }
    if (readable.size() == examples.length) {
      return batch(examples.length, images, tokens);
    }
    return options.training() ? filled(readable) : closedUp(readable);
  }

  private @Nullable Batch filled(List<Integer> readable) {
    int nextSpare = 0;
    int nextCopy = 0;
    for (int slot = 0; slot < failures.length; slot++) {
      boolean empty = failures[slot] != null;
      while (empty && nextSpare < plan.spares().size()) {
        Example spare = plan.spares().get(nextSpare++);
        String why = reader.read(spare, plan.epoch(), slot, images, tokens);
        if (why == null) {
          examples[slot] = spare;
          empty = false;
        } else {
          failedSpares.add(spare);
          failedSparesWhy.add(why);
        }
      }
      if (empty) {
        if (readable.isEmpty()) {
          return null;
        }
        copyPair(readable.get(nextCopy++ % readable.size()), slot, images, tokens);
      }
    }
    return batch(examples.length, images, tokens);
  }

  private Batch closedUp(List<Integer> readable) {
    int size = readable.size();
    for (int to = 0; to < size; to++) {
      copyPair(readable.get(to), to, images, tokens);
    }
    return batch(
        size,
        Arrays.copyOf(images, size * options.pixels()),
        Arrays.copyOf(tokens, size * options.contextLength()));
  }

  private void copyPair(int from, int to, float[] pixels, int[] ids) {
    int pictureLength = options.pixels();
    int captionLength = options.contextLength();
    System.arraycopy(pixels, from * pictureLength, pixels, to * pictureLength, pictureLength);
    System.arraycopy(ids, from * captionLength, ids, to * captionLength, captionLength);
    examples[to] = examples[from];
  }

  private Batch batch(int size, float[] pixels, int[] ids) {
    List<Example> members = List.of(Arrays.copyOf(examples, size));
    List<String> captions = new ArrayList<>(size);
    long[] pictureIds = new long[size];
    long[] captionIds = new long[size];
    for (int i = 0; i < size; i++) {
      captions.add(reader.caption(members.get(i), plan.epoch()));
      pictureIds[i] = members.get(i).pictureId();
      captionIds[i] = BatchIds.captionId(captions.get(i));
    }
    return new Batch(
        plan.epoch(),
        plan.step(),
        size,
        pixels,
        ids,
        pictureIds,
        captionIds,
        BatchIds.targetIds(pictureIds, ids, options.contextLength(), captions),
        members,
        List.copyOf(captions));
  }
}
