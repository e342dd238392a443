package dev.diptych.clip.embed;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Embedder;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PictureException;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Turns any number of pictures into vectors, in their order and in bounded memory: while one batch
 * goes through the image tower, the pictures of the next are read and decoded by all processors.
 * Pictures that cannot be read are counted and left out.
 *
 * <pre>{@code
 * BadRecords bad = source.bad();
 * try (PictureEmbedder embedder = new PictureEmbedder(model, Output.EMBEDDING, 64)) {
 *   embedder.embed(source.examples(), bad, one -> save(one.example().key(), one.vector()));
 * }
 * bad.check(source.size());
 * }</pre>
 *
 * <p>Not safe for use by several threads at once.
 */
public final class PictureEmbedder implements AutoCloseable {
  private static final int BATCHES_AHEAD = 2;

  private final Preprocess preprocess;
  private final Output output;
  private final int batchSize;
  private final Embedder embedder;
  private final ExecutorService decoders =
      Executors.newFixedThreadPool(
          Runtime.getRuntime().availableProcessors(),
          Thread.ofPlatform().daemon().name("diptych-decoder-", 0).factory());

  /** What is made of a picture. */
  public enum Output {
    /** Its place in the space shared with texts, (D), of length 1. */
    EMBEDDING,
    /** What linear probes learn from, {@link dev.diptych.clip.ImageTower#features}. */
    FEATURES
  }

  /**
   * A picture that was read.
   *
   * @param example where it came from
   * @param vector what the model made of it, in memory of its own
   */
  public record Embedded(Example example, float[] vector) {}

  private record Pending(Example example, Future<Picture> square) {}

  /** An embedder that runs {@code batchSize} pictures at a time; {@code model} stays open. */
  public PictureEmbedder(Diptych model, Output output, int batchSize) {
    if (batchSize < 1) {
      throw new UserException("the batch size must be at least 1, got " + batchSize);
    }
    this.preprocess = model.preprocess();
    this.output = output;
    this.batchSize = batchSize;
    this.embedder = new Embedder(model.clip(), batchSize);
  }

  /**
   * Embeds pictures, in their order.
   *
   * @param bad is told of every picture that cannot be read; whether there are too many of them is
   *     for the caller to check at the end, with {@link BadRecords#check}
   * @param sink takes each vector, on the calling thread; what it throws ends the work
   */
  public void embed(Iterable<Example> examples, BadRecords bad, Consumer<? super Embedded> sink) {
    Iterator<Example> rest = examples.iterator();
    Deque<Pending> ahead = new ArrayDeque<>();
    try {
      while (true) {
        while (rest.hasNext() && ahead.size() < BATCHES_AHEAD * batchSize) {
          Example example = rest.next();
          ahead.add(new Pending(example, decoders.submit(() -> square(example))));
        }
        if (ahead.isEmpty()) {
          return;
        }
        runBatch(ahead, bad, sink);
      }
    } finally {
      ahead.forEach(pending -> pending.square().cancel(true));
    }
  }

  private Picture square(Example example) throws IOException {
    return preprocess.toSquare(
        PictureDecoder.decode(example.picture().read(), example.picture().name()));
  }

  private void runBatch(Deque<Pending> ahead, BadRecords bad, Consumer<? super Embedded> sink) {
    int side = preprocess.size();
    int pixels = 3 * side * side;
    int most = Math.min(batchSize, ahead.size());
    float[] images = new float[most * pixels]; // (≤ batch, 3, S, S)
    List<Example> read = new ArrayList<>(most);
    for (int i = 0; i < most; i++) {
      Pending pending = ahead.remove();
      Picture square = await(pending, bad);
      if (square != null) {
        preprocess.normalise(square, images, read.size() * pixels);
        read.add(pending.example());
      }
    }
    if (read.isEmpty()) {
      return;
    }
    Tensor batch = Tensor.of(images, Shape.of(most, 3, side, side)).narrow(0, 0, read.size());
    Tensor vectors =
        switch (output) {
          case EMBEDDING -> embedder.images(batch); // (B, D)
          case FEATURES -> embedder.features(batch); // (B, C)
        };
    for (int i = 0; i < read.size(); i++) {
      sink.accept(new Embedded(read.get(i), vectors.narrow(0, i, 1).toArray()));
    }
  }

  private static @Nullable Picture await(Pending pending, BadRecords bad) {
    try {
      return pending.square().get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof PictureException || cause instanceof IOException) {
        String name = pending.example().picture().name();
        bad.add(BadReason.CORRUPT_PICTURE, name, BadRecords.withoutName(reason(cause), name));
        return null;
      }
      throw new IllegalStateException(
          "decoding " + pending.example().picture().name() + " failed", cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      CancellationException stopped = new CancellationException("embedding was interrupted");
      stopped.initCause(e);
      throw stopped;
    }
  }

  private static String reason(Throwable cause) {
    return cause instanceof IOException e
        ? UserException.reason(e)
        : String.valueOf(cause.getMessage());
  }

  /** Ends the decoders and gives the memory of activations back. */
  @Override
  public void close() {
    decoders.shutdownNow();
    embedder.close();
  }
}
