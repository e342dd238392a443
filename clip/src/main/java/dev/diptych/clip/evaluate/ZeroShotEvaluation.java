package dev.diptych.clip.evaluate;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.clip.embed.PictureEmbedder;
import dev.diptych.clip.embed.PictureEmbedder.Output;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Matmul;
import java.util.function.LongConsumer;

/**
 * Zero-shot classification of a whole data set (CLIP paper §3.1): pictures go by as a stream, and
 * each is held against the embeddings of all classes.
 */
public final class ZeroShotEvaluation implements AutoCloseable {
  private static final int ROWS = 256;

  private final Tensor classes; // (K, D)
  private final Classification result;
  private final float[] embeddings; // (ROWS, D)
  private final int[] labels = new int[ROWS];
  private final TensorScope scope = new TensorScope(Device.CPU);
  private int waiting;

  private ZeroShotEvaluation(ClassWeights weights) {
    classes = weights.matrix();
    result = new Classification(classes.dim(0));
    embeddings = new float[ROWS * classes.dim(1)];
  }

  /**
   * Classifies all pictures.
   *
   * @param weights of the classes of {@code pictures}, in their order
   * @param progress is told how many more pictures are done, unreadable ones left out
   * @throws dev.diptych.clip.UserException if too many pictures cannot be read
   */
  public static Classification measure(
      Diptych model,
      LabelledPictures pictures,
      ClassWeights weights,
      int batchSize,
      LongConsumer progress) {
    if (weights.size() != pictures.classes().size()) {
      throw new IllegalArgumentException(
          "zero-shot: expected weights of %d classes, found %d"
              .formatted(pictures.classes().size(), weights.size()));
    }
    int[] labelOf = new int[pictures.source().size()]; // by pictureId
    for (int i = 0; i < pictures.labels().length; i++) {
      labelOf[(int) pictures.examples().get(i).pictureId()] = pictures.labels()[i];
    }
    BadRecords bad = pictures.source().bad();
    try (ZeroShotEvaluation evaluation = new ZeroShotEvaluation(weights);
        PictureEmbedder embedder = new PictureEmbedder(model, Output.EMBEDDING, batchSize)) {
      embedder.embed(
          pictures.examples(),
          bad,
          one -> {
            evaluation.add(labelOf[(int) one.example().pictureId()], one.vector());
            progress.accept(1);
          });
      evaluation.score();
      bad.check(evaluation.result.total());
      return evaluation.result;
    }
  }

  private void add(int label, float[] embedding) {
    System.arraycopy(embedding, 0, embeddings, waiting * embedding.length, embedding.length);
    labels[waiting++] = label;
    if (waiting == ROWS) {
      score();
    }
  }

  private void score() {
    if (waiting == 0) {
      return;
    }
    scope.rewind();
    int width = classes.dim(1);
    Tensor rows = Tensor.of(embeddings, Shape.of(ROWS, width)).narrow(0, 0, waiting);
    float[] scores = Matmul.forward(scope, rows, false, classes, true).toArray(); // (waiting, K)
    for (int i = 0; i < waiting; i++) {
      result.add(labels[i], scores, i * classes.dim(0));
    }
    waiting = 0;
  }

  @Override
  public void close() {
    scope.close();
  }
}
