package dev.diptych.clip;

import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.L2Normalize;

/**
 * Runs a model forwards, batch by batch. Keeps the memory of activations from batch to batch; close
 * it to give that back. Not safe for use by several threads at once.
 */
public final class Embedder implements AutoCloseable {
  private final Clip clip;
  private final int batchSize;
  private final TensorScope scope;

  /**
   * An embedder that runs {@code batchSize} pictures or texts at a time, on the device where the
   * model is now.
   */
  public Embedder(Clip clip, int batchSize) {
    this.clip = clip;
    this.batchSize = batchSize;
    scope = new TensorScope(clip.device());
  }

  /**
   * Embeds pictures.
   *
   * @param images (N, 3, S, S), normalised as {@code Preprocess} does
   * @return (N, D), each row of length 1, in memory of its own
   */
  public Tensor images(Tensor images) {
    int count = images.dim(0);
    Tensor embeddings = rows(count, clip.config().embedDim());
    for (int begin = 0; begin < count; begin += batchSize) {
      scope.rewind();
      Tape tape = Tape.inference(scope);
      int size = Math.min(batchSize, count - begin);
      storeNormalised(clip.encodeImage(tape, images.narrow(0, begin, size)), embeddings, begin);
    }
    return embeddings;
  }

  /**
   * What linear probes learn from, see {@link ImageTower#features}.
   *
   * @param images (N, 3, S, S), normalised as {@code Preprocess} does
   * @return (N, {@link ImageTower#featureWidth()}), not normalised, in memory of its own
   */
  public Tensor features(Tensor images) {
    int count = images.dim(0);
    Tensor features = rows(count, clip.vision().featureWidth());
    for (int begin = 0; begin < count; begin += batchSize) {
      scope.rewind();
      Tape tape = Tape.inference(scope);
      int size = Math.min(batchSize, count - begin);
      Var found = clip.imageFeatures(tape, images.narrow(0, begin, size));
      found.value().copyTo(features.narrow(0, begin, size).floats());
    }
    return features;
  }

  /**
   * Embeds texts. Each batch is computed at the length of its longest text, not of the context: the
   * result is the same to the last bit, since no token hears what comes after it.
   *
   * @param tokens (N, T)
   * @return (N, D), each row of length 1, in memory of its own
   */
  public Tensor texts(IntTensor tokens) {
    int count = tokens.shape().dim(0);
    Tensor embeddings = rows(count, clip.config().embedDim());
    int[] ends = TextBatch.ends(tokens, clip.config().text().endToken());
    for (int begin = 0; begin < count; begin += batchSize) {
      scope.rewind();
      Tape tape = Tape.inference(scope);
      int size = Math.min(batchSize, count - begin);
      IntTensor batch = cut(tokens, begin, size, ends);
      storeNormalised(clip.encodeText(tape, batch), embeddings, begin);
    }
    return embeddings;
  }

  /** Texts {@code begin} to {@code begin + size}, up to the last end token among them. */
  private static IntTensor cut(IntTensor tokens, int begin, int size, int[] ends) {
    int length = 0;
    for (int i = begin; i < begin + size; i++) {
      length = Math.max(length, ends[i] + 1);
    }
    // Multiples of eight: few different sizes, so the scope's memory is used again.
    int full = tokens.shape().dim(1);
    length = Math.min(full, (length + 7) / 8 * 8);
    int[] part = new int[size * length];
    for (int i = 0; i < size; i++) {
      System.arraycopy(tokens.data(), (begin + i) * full, part, i * length, length);
    }
    return new IntTensor(Shape.of(size, length), part);
  }

  private static Tensor rows(int count, int width) {
    Shape shape = Shape.of(count, width);
    return Tensor.of(Floats.zeros(shape.size()), shape);
  }

  private void storeNormalised(Var embedded, Tensor embeddings, int begin) {
    Tensor normalised = L2Normalize.forward(scope, embedded.value()).y(); // (size, D)
    normalised.copyTo(embeddings.narrow(0, begin, normalised.dim(0)).floats());
  }

  @Override
  public void close() {
    scope.close();
  }
}
