package dev.diptych.clip.evaluate;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Matmul;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Recall at K of pictures and texts that find each other, as a share: the "any hit" protocol of
 * CLIP's and open_clip's evaluations. A query counts as found at K when any of its partners is
 * among the K most similar; a pair belongs together when picture and text have the same group, so
 * that several captions of a picture, and several pictures with one caption, all count.
 *
 * <p>Ties are counted against the model: a partner ranks behind everything that is as similar as
 * it, so a model that gives all the same embedding finds nothing.
 *
 * @param pictures number of pictures
 * @param texts number of texts
 * @param imageToText for K = 1, 5, 10
 * @param textToImage for K = 1, 5, 10
 * @param imageToTextMeanRank mean rank of a picture's best partner, from 1
 * @param textToImageMeanRank mean rank of a text's best partner, from 1
 * @param imageToTextMedianRank the median of those ranks, rounded down, as open_clip's
 * @param textToImageMedianRank likewise
 */
public record Retrieval(
    int pictures,
    int texts,
    double[] imageToText,
    double[] textToImage,
    double imageToTextMeanRank,
    double textToImageMeanRank,
    double imageToTextMedianRank,
    double textToImageMedianRank) {
  private static final int[] AT = {1, 5, 10};

  /** Queries compared at once: the similarities held are this many rows, never all N×M. */
  private static final int CHUNK = 256;

  /** And at most so many similarities, 128 MiB of them, but one row at least. */
  private static final int MOST_SIMILARITIES = 1 << 25;

  /**
   * Measures recall.
   *
   * @param images (N, D), normalised
   * @param imageGroups (N)
   * @param texts (M, D), normalised
   * @param textGroups (M)
   */
  public static Retrieval measure(
      Tensor images, int[] imageGroups, Tensor texts, int[] textGroups) {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      int[] imageRanks = ranks(scope, images, imageGroups, texts, textGroups);
      int[] textRanks = ranks(scope, texts, textGroups, images, imageGroups);
      return new Retrieval(
          imageRanks.length,
          textRanks.length,
          recall(imageRanks),
          recall(textRanks),
          mean(imageRanks),
          mean(textRanks),
          median(imageRanks),
          median(textRanks));
    }
  }

  /**
   * The best rank, from 0, that any partner of each query has.
   *
   * @param scope holds the similarities of one chunk at a time
   */
  static int[] ranks(
      TensorScope scope, Tensor queries, int[] queryGroups, Tensor found, int[] foundGroups) {
    int count = queries.dim(0);
    int chunk = Math.clamp(MOST_SIMILARITIES / Math.max(1, foundGroups.length), 1, CHUNK);
    int[] ranks = new int[count];
    for (int begin = 0; begin < count; begin += chunk) {
      scope.rewind();
      int rows = Math.min(chunk, count - begin);
      Floats similarities =
          Matmul.forward(scope, queries.narrow(0, begin, rows), false, found, true)
              .floats(); // (rows, M)
      int first = begin;
      Parallel.rows(
          rows,
          Parallel.rowsPerTask(foundGroups.length),
          (from, to) -> {
            for (int i = from; i < to; i++) {
              int row = similarities.offset() + i * foundGroups.length;
              ranks[first + i] =
                  rank(similarities.array(), row, foundGroups, queryGroups[first + i]);
            }
          });
    }
    return ranks;
  }

  private static int rank(float[] similarities, int row, int[] groups, int group) {
    float best = Float.NEGATIVE_INFINITY;
    for (int j = 0; j < groups.length; j++) {
      if (groups[j] == group) {
        best = Math.max(best, similarities[row + j]);
      }
    }
    int rank = 0;
    for (int j = 0; j < groups.length; j++) {
      if (groups[j] != group && !(similarities[row + j] < best)) {
        rank++;
      }
    }
    return rank;
  }

  private static double[] recall(int[] ranks) {
    double[] recall = new double[AT.length];
    for (int i = 0; i < AT.length; i++) {
      int found = 0;
      for (int rank : ranks) {
        if (rank < AT[i]) {
          found++;
        }
      }
      recall[i] = ranks.length == 0 ? 0 : (double) found / ranks.length;
    }
    return recall;
  }

  private static double mean(int[] ranks) {
    double sum = 0;
    for (int rank : ranks) {
      sum += rank + 1;
    }
    return ranks.length == 0 ? 0 : sum / ranks.length;
  }

  private static double median(int[] ranks) {
    if (ranks.length == 0) {
      return 0;
    }
    int[] sorted = ranks.clone();
    Arrays.sort(sorted);
    int above = sorted[sorted.length / 2];
    int below = sorted[(sorted.length - 1) / 2];
    return Math.floor((below + above) / 2.0) + 1;
  }

  /** The figures under the names of the field: {@code image_to_text_R@1} and so on. */
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (int i = 0; i < AT.length; i++) {
      metrics.put("image_to_text_R@" + AT[i], imageToText[i]);
    }
    for (int i = 0; i < AT.length; i++) {
      metrics.put("text_to_image_R@" + AT[i], textToImage[i]);
    }
    metrics.put("image_to_text_mean_rank", imageToTextMeanRank);
    metrics.put("text_to_image_mean_rank", textToImageMeanRank);
    metrics.put("image_to_text_median_rank", imageToTextMedianRank);
    metrics.put("text_to_image_median_rank", textToImageMedianRank);
    return metrics;
  }

  /**
   * Recall under CLIP_benchmark's names, which call it by what is found: {@code
   * image_retrieval_recall@5} is {@code text_to_image_R@5}.
   */
  public Map<String, Double> benchmarkMetrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    for (int i = 0; i < AT.length; i++) {
      metrics.put("image_retrieval_recall@" + AT[i], textToImage[i]);
      metrics.put("text_retrieval_recall@" + AT[i], imageToText[i]);
    }
    return metrics;
  }
}
