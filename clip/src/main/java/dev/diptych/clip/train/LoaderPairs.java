package dev.diptych.clip.train;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.Batch;
import dev.diptych.clip.data.Loader;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The batches of a data loader as the trainer wants them. */
public final class LoaderPairs implements PairSource {
  private final Loader loader;
  private final int pictureSize;
  private final int contextLength;
  private @Nullable Batch last;

  /** Takes over {@code loader}, a training loader, and closes it in the end. */
  public LoaderPairs(Loader loader, int pictureSize, int contextLength) {
    this.loader = loader;
    this.pictureSize = pictureSize;
    this.contextLength = contextLength;
  }

  @Override
  public void seek(long step) {
    long perEpoch =
        loader
            .stepsPerEpoch()
            .orElseThrow(() ->
                new UserException("a streamed source does not tell where step " + step + " is"));
    loader.seek(step / perEpoch, step % perEpoch);
  }

  @Override
  public PairBatch next() {
    if (last != null) {
      loader.recycle(last);
    }
    Batch batch = loader.next();
    if (batch == null) {
      throw new IllegalStateException("a training loader came to an end");
    }
    last = batch;
    return toPairs(batch, pictureSize, contextLength);
  }

  /** A loader's batch as tensors. */
  static PairBatch toPairs(Batch batch, int pictureSize, int contextLength) {
    int[] targets = new int[batch.size()];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = (int) batch.targetIds()[i];
    }
    int pixels = 3 * pictureSize * pictureSize;
    float[] images = batch.images();
    return new PairBatch(
        Tensor.of(
            new dev.diptych.kernels.memory.Floats(images, 0, batch.size() * pixels),
            Shape.of(batch.size(), 3, pictureSize, pictureSize)),
        new IntTensor(Shape.of(batch.size(), contextLength), batch.tokens()),
        targets);
  }

  @Override
  public void close() {
    loader.close();
  }
}
