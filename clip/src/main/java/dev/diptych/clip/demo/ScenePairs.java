package dev.diptych.clip.demo;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.tokenizer.Truncation;
import dev.diptych.clip.train.PairBatch;
import dev.diptych.clip.train.PairSource;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Batches of generated scenes, drawn one batch ahead of the step. Scene n of the run is a function
 * of the seed and n alone. Scenes with the same caption are no negatives of each other.
 */
public final class ScenePairs implements PairSource {
  private final SceneGenerator generator;
  private final Tokenizer tokenizer;
  private final Preprocess preprocess;
  private final int batchSize;
  private final int contextLength;
  private final ExecutorService ahead =
      Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "diptych-scenes");
        thread.setDaemon(true);
        return thread;
      });
  private @Nullable Future<PairBatch> pending;
  private long nextStep;

  /** Batches of scenes of {@code generator}, as a model with these sizes reads them. */
  public ScenePairs(
      SceneGenerator generator,
      Tokenizer tokenizer,
      int pictureSize,
      int batchSize,
      int contextLength) {
    this.generator = generator;
    this.tokenizer = tokenizer;
    this.preprocess = new Preprocess(pictureSize);
    this.batchSize = batchSize;
    this.contextLength = contextLength;
  }

  @Override
  public void seek(long step) {
    nextStep = step;
    pending = null;
  }

  @Override
  public PairBatch next() {
    Future<PairBatch> present = pending;
    if (present == null) {
      present = prepare(nextStep);
    }
    try {
      PairBatch batch = present.get();
      nextStep++;
      pending = prepare(nextStep);
      return batch;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while drawing scenes", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("drawing scenes failed", e.getCause());
    }
  }

  private Future<PairBatch> prepare(long step) {
    return ahead.submit(() -> draw(step));
  }

  private PairBatch draw(long step) {
    int side = preprocess.size();
    int pixels = 3 * side * side;
    float[] images = new float[batchSize * pixels]; // (B, 3, S, S)
    int[] tokens = new int[batchSize * contextLength]; // (B, T)
    int[] targets = new int[batchSize];
    Map<String, Integer> firstWithCaption = new HashMap<>();
    for (int i = 0; i < batchSize; i++) {
      RandomGenerator random = generator.trainingRandom(step * batchSize + i);
      Scene scene = generator.generate(random);
      String caption = generator.caption(scene, random);
      preprocess.normalise(picture(scene, side), images, i * pixels);
      int[] ids = tokenizer.tokenize(caption, contextLength, Truncation.REFUSE).tokens();
      System.arraycopy(ids, 0, tokens, i * contextLength, contextLength);
      Integer same = firstWithCaption.putIfAbsent(caption, i);
      targets[i] = same == null ? i : same;
    }
    return new PairBatch(
        Tensor.of(images, dev.diptych.tensor.Shape.of(batchSize, 3, side, side)),
        new IntTensor(dev.diptych.tensor.Shape.of(batchSize, contextLength), tokens),
        targets);
  }

  static Picture picture(Scene scene, int side) {
    return new Picture(side, side, SceneRenderer.render(scene, side));
  }

  @Override
  public void close() {
    ahead.shutdownNow();
  }
}
