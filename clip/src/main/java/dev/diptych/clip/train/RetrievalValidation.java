package dev.diptych.clip.train;

import dev.diptych.clip.Clip;
import dev.diptych.clip.Embedder;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.data.PictureTransform;
import dev.diptych.clip.evaluate.ClassLabels;
import dev.diptych.clip.evaluate.LabelledPictures;
import dev.diptych.clip.evaluate.Retrieval;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.tokenizer.Truncation;
import dev.diptych.clip.zeroshot.Templates;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Validation on pictures with captions: recall both ways over the whole set, all captions of a
 * picture counting; and zero-shot accuracy, if the pictures have labels and the names of the
 * classes are known. Pictures and tokens are prepared once.
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

  /** The class of each picture, −1 where it has no label. */
  private final int[] labels;

  /** A sentence about each class, (K, T); K is 0 if there is nothing to classify. */
  private final IntTensor classTokens;

  /**
   * Reads all pictures of {@code source}; those that cannot be read are left out and counted there.
   *
   * @param classNames what the labels mean, or empty: then there is no zero-shot accuracy. A label
   *     is a name among them or its number, from 0
   * @throws UserException if too many pictures cannot be read, or labels and names do not fit
   */
  public RetrievalValidation(
      IndexedSource source,
      PictureTransform transform,
      int pictureSize,
      Tokenizer tokenizer,
      int contextLength,
      List<String> classNames)
      throws IOException {
    this.pictureSize = pictureSize;
    List<float[]> read = new ArrayList<>();
    List<Example> examples = new ArrayList<>();
    for (Example example : source.examples()) {
      float[] pixels = new float[3 * pictureSize * pictureSize];
      try {
        byte[] encoded = example.picture().read();
        transform.write(encoded, example.picture().name(), new Philox(0, 0), pixels, 0);
      } catch (RuntimeException | IOException e) {
        source
            .bad()
            .add(
                BadReason.CORRUPT_PICTURE,
                example.picture().name(),
                String.valueOf(e.getMessage()));
        continue;
      }
      read.add(pixels);
      examples.add(example);
    }
    source.bad().check(examples.size());
    if (examples.isEmpty()) {
      throw new UserException(source.name() + ": not one picture can be read");
    }
    pictures = read.toArray(new float[0][]);
    Map<String, Integer> groupOfCaption = new LinkedHashMap<>();
    pictureGroups = groups(examples, groupOfCaption);
    textGroups = groupOfCaption.values().stream().mapToInt(Integer::intValue).toArray();
    tokens = tokens(new ArrayList<>(groupOfCaption.keySet()), tokenizer, contextLength);
    labels = labels(source.name(), examples, classNames);
    List<String> sentences = new ArrayList<>();
    for (String name : classNames) {
      sentences.add(Templates.SIMPLE.getFirst().replace("{}", name));
    }
    classTokens = tokens(sentences, tokenizer, contextLength);
  }

  /** The group of each picture; {@code groupOfCaption} receives that of each caption. */
  private static int[] groups(List<Example> examples, Map<String, Integer> groupOfCaption) {
    int[] groups = new int[examples.size()];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = i;
      for (String caption : examples.get(i).captions()) {
        Integer same = groupOfCaption.putIfAbsent(caption, groups[i]);
        if (same != null && same != groups[i]) {
          int merged = groups[i]; // the caption joins two groups
          groups[i] = same;
          for (int j = 0; j < i; j++) {
            groups[j] = groups[j] == merged ? same : groups[j];
          }
          groupOfCaption.replaceAll((text, group) -> group == merged ? same : group);
        }
      }
    }
    return groups;
  }

  private static IntTensor tokens(List<String> texts, Tokenizer tokenizer, int contextLength) {
    int[] flat = new int[texts.size() * contextLength];
    for (int i = 0; i < texts.size(); i++) {
      int[] row = tokenizer.tokenize(texts.get(i), contextLength, Truncation.CUT).tokens();
      System.arraycopy(row, 0, flat, i * contextLength, contextLength);
    }
    return new IntTensor(Shape.of(texts.size(), contextLength), flat);
  }

  private static int[] labels(String source, List<Example> examples, List<String> classNames) {
    ClassLabels classes = ClassLabels.of(classNames);
    int[] labels = new int[examples.size()];
    boolean any = false;
    for (int i = 0; i < labels.length; i++) {
      labels[i] =
          classNames.isEmpty() ? -1 : LabelledPictures.labelOf(examples.get(i), classes, source);
      any |= labels[i] >= 0;
    }
    if (!any && !classNames.isEmpty()) {
      throw new UserException(
          source
              + ": names of classes were given, but no picture has a label: expected .cls members"
              + " in its shards");
    }
    return labels;
  }

  /** Number of pictures. */
  public int pictures() {
    return pictures.length;
  }

  /** Number of different captions. */
  public int texts() {
    return textGroups.length;
  }

  /**
   * The figures of {@link Retrieval#metrics}, and {@code zero_shot_acc1} and {@code zero_shot_acc5}
   * if there are labels and names of classes.
   */
  @Override
  public Map<String, Double> measure(Clip clip) {
    try (Embedder embedder = new Embedder(clip, BATCH)) {
      Tensor features = features(clip, embedder); // (N, D)
      Retrieval retrieval =
          Retrieval.measure(features, pictureGroups, embedder.texts(tokens), textGroups);
      Map<String, Double> figures = new LinkedHashMap<>(retrieval.metrics());
      if (classTokens.shape().dim(0) > 0) {
        // To classify is to find, among sentences about the classes, that of one's own.
        int[] labelled = labelled();
        int[] classes = new int[classTokens.shape().dim(0)];
        Arrays.setAll(classes, i -> i);
        double[] accuracy =
            Retrieval.measure(
                    rows(features, labelled),
                    Arrays.stream(labelled).map(i -> labels[i]).toArray(),
                    embedder.texts(classTokens),
                    classes)
                .imageToText();
        figures.put("zero_shot_acc1", accuracy[0]);
        figures.put("zero_shot_acc5", accuracy[1]);
      }
      return figures;
    }
  }

  private Tensor features(Clip clip, Embedder embedder) {
    int embedDim = clip.config().embedDim();
    float[] features = new float[pictures.length * embedDim];
    int pixels = 3 * pictureSize * pictureSize;
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
    return Tensor.of(features, Shape.of(pictures.length, embedDim));
  }

  /** The numbers of the pictures that have a label. */
  private int[] labelled() {
    int[] numbers = new int[labels.length];
    int count = 0;
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] >= 0) {
        numbers[count++] = i;
      }
    }
    return Arrays.copyOf(numbers, count);
  }

  private static Tensor rows(Tensor x, int[] rows) {
    int width = x.dim(1);
    float[] chosen = new float[rows.length * width];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(x.narrow(0, rows[i], 1).toArray(), 0, chosen, i * width, width);
    }
    return Tensor.of(chosen, Shape.of(rows.length, width));
  }
}
