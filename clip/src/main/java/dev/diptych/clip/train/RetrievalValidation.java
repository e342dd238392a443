package dev.diptych.clip.train;

import dev.diptych.clip.Clip;
import dev.diptych.clip.Embedder;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.data.PictureTransform;
import dev.diptych.clip.evaluate.Retrieval;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.tokenizer.Truncation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Validation on pictures with captions: recall both ways over the whole set, all captions of a
 * picture counting, and zero-shot accuracy where every picture has a label or each caption is a
 * name. Pictures and tokens are prepared once.
 *
 * <p>Pictures that share a caption text belong to one group: either answer is right.
 */
public final class RetrievalValidation implements TrainingRun.Validation {
  private static final int BATCH = 64;

  private final float[][] pictures;
  private final int[] pictureGroups;
  private final IntTensor tokens;
  private final int[] textGroups;
  private final int pictureSize;

  /**
   * Reads all pictures of {@code source}; those that cannot be read are left out and counted there.
   */
  public RetrievalValidation(
      IndexedSource source,
      PictureTransform transform,
      int pictureSize,
      Tokenizer tokenizer,
      int contextLength)
      throws IOException {
    this.pictureSize = pictureSize;
    List<float[]> read = new ArrayList<>();
    List<Integer> groups = new ArrayList<>();
    List<int[]> texts = new ArrayList<>();
    List<Integer> groupsOfTexts = new ArrayList<>();
    Map<String, Integer> groupOfCaption = new HashMap<>();
    for (Example example : source.examples()) {
      float[] pixels = new float[3 * pictureSize * pictureSize];
      try {
        byte[] encoded = example.picture().read();
        transform.write(encoded, example.picture().name(), new Philox(0, 0), pixels, 0);
      } catch (RuntimeException | IOException e) {
        source
            .bad()
            .add(
                dev.diptych.clip.data.BadReason.CORRUPT_PICTURE,
                example.picture().name(),
                String.valueOf(e.getMessage()));
        continue;
      }
      int group = read.size();
      for (String caption : example.captions()) {
        Integer same = groupOfCaption.get(caption);
        group = same == null ? group : same;
      }
      read.add(pixels);
      groups.add(group);
      for (String caption : example.captions()) {
        if (groupOfCaption.putIfAbsent(caption, group) == null) {
          texts.add(tokenizer.tokenize(caption, contextLength, Truncation.CUT).tokens());
          groupsOfTexts.add(group);
        }
      }
    }
    pictures = read.toArray(new float[0][]);
    pictureGroups = groups.stream().mapToInt(Integer::intValue).toArray();
    textGroups = groupsOfTexts.stream().mapToInt(Integer::intValue).toArray();
    int[] flat = new int[texts.size() * contextLength];
    for (int i = 0; i < texts.size(); i++) {
      System.arraycopy(texts.get(i), 0, flat, i * contextLength, contextLength);
    }
    tokens = new IntTensor(Shape.of(texts.size(), contextLength), flat);
  }

  /** Number of pictures. */
  public int pictures() {
    return pictures.length;
  }

  /** Number of different captions. */
  public int texts() {
    return textGroups.length;
  }

  @Override
  public Map<String, Double> measure(Clip clip) {
    Retrieval retrieval = retrieval(clip);
    Map<String, Double> figures = new LinkedHashMap<>(retrieval.metrics());
    // Every caption as a class: the share of pictures whose first answer is right.
    figures.put("zero_shot_acc1", retrieval.imageToText()[0]);
    return figures;
  }

  private Retrieval retrieval(Clip clip) {
    int embedDim = clip.config().embedDim();
    float[] features = new float[pictures.length * embedDim];
    int pixels = 3 * pictureSize * pictureSize;
    try (Embedder embedder = new Embedder(clip, BATCH)) {
      for (int begin = 0; begin < pictures.length; begin += BATCH) {
        int size = Math.min(BATCH, pictures.length - begin);
        float[] images = new float[size * pixels]; // (size, 3, S, S)
        for (int i = 0; i < size; i++) {
          System.arraycopy(pictures[begin + i], 0, images, i * pixels, pixels);
        }
        Tensor embedded =
            embedder.images(Tensor.of(images, Shape.of(size, 3, pictureSize, pictureSize)));
        System.arraycopy(embedded.toArray(), 0, features, begin * embedDim, size * embedDim);
      }
      return Retrieval.measure(
          Tensor.of(features, Shape.of(pictures.length, embedDim)),
          pictureGroups,
          embedder.texts(tokens),
          textGroups);
    }
  }
}
