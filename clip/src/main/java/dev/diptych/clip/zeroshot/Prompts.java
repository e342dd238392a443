package dev.diptych.clip.zeroshot;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.TokenizedTexts;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Every label in every template, as the text tower reads them; those of a label stand together.
 *
 * @param labels K of them
 * @param templates how many there are for each label
 * @param texts (K · templates) of them
 */
record Prompts(List<String> labels, int templates, TokenizedTexts texts) {
  /** Embedded between two reports of progress. */
  private static final int CHUNK = 512;

  /**
   * The prompts of {@code labels}.
   *
   * @throws UserException if there is no label, an empty one, or a template without {@code {}}
   */
  static Prompts of(Diptych model, List<String> labels, List<String> templates) {
    if (labels.isEmpty()) {
      throw new UserException("classify needs at least one label, for example --labels cat dog");
    }
    if (templates.isEmpty()) {
      throw new UserException("classify needs at least one template, such as 'a photo of a {}.'");
    }
    for (String template : templates) {
      if (!template.contains("{}")) {
        throw new UserException("the template '" + template + "' has no {} for the label");
      }
    }
    List<String> sentences = new ArrayList<>();
    for (String label : labels) {
      if (label.isBlank()) {
        throw new UserException("a label is empty: every label must be a word or more");
      }
      for (String template : templates) {
        sentences.add(template.replace("{}", label));
      }
    }
    return new Prompts(List.copyOf(labels), templates.size(), model.tokenize(sentences));
  }

  int count() {
    return texts.lost().length;
  }

  /** SHA-256 of what the text tower reads, as hexadecimal digits: of any vocabulary and context. */
  String digest() {
    MessageDigest digest = sha256();
    int length = texts.tokens().shape().dim(1);
    String sizes = "%d labels, %d templates, %d tokens".formatted(labels.size(), templates, length);
    digest.update(sizes.getBytes(StandardCharsets.UTF_8));
    ByteBuffer row = ByteBuffer.allocate(4 * length);
    for (int i = 0; i < count(); i++) {
      row.asIntBuffer().put(texts.tokens().data(), i * length, length);
      digest.update(row.array());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /**
   * The class of each label: its embeddings, of length 1, are averaged and their mean brought to
   * length 1.
   *
   * @param progress told of every few hundred prompts that were embedded, how many
   * @return (K, D)
   */
  float[][] embed(Diptych model, LongConsumer progress) {
    int width = model.clip().config().embedDim();
    double[][] sums = new double[labels.size()][width];
    for (int begin = 0; begin < count(); begin += CHUNK) {
      int end = Math.min(begin + CHUNK, count());
      float[][] rows = model.embedTexts(part(begin, end));
      for (int i = begin; i < end; i++) {
        double[] sum = sums[i / templates];
        for (int j = 0; j < width; j++) {
          sum[j] += rows[i - begin][j];
        }
      }
      progress.accept(end - begin);
    }
    float[][] classes = new float[sums.length][width]; // (K, D)
    for (int i = 0; i < classes.length; i++) {
      double squares = 0;
      for (double value : sums[i]) {
        squares += value * value;
      }
      for (int j = 0; j < width; j++) {
        classes[i][j] = (float) (sums[i][j] / Math.sqrt(squares));
      }
    }
    return classes;
  }

  private TokenizedTexts part(int begin, int end) {
    int length = texts.tokens().shape().dim(1);
    int[] tokens = Arrays.copyOfRange(texts.tokens().data(), begin * length, end * length);
    return new TokenizedTexts(
        new IntTensor(Shape.of(end - begin, length), tokens),
        Arrays.copyOfRange(texts.lost(), begin, end));
  }
}
