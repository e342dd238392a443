package dev.diptych.clip.evaluate;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often the right class is first, or among the first five, of all classes. Ties count against
 * the model, and so does a score that is no number: the right class stands behind every other that
 * does not score less.
 */
public final class Classification {
  private static final int FIRST_FEW = 5;

  private final long[] pictures; // (K)
  private final long[] first; // (K)
  private long total;
  private long firstFive;

  /** Nothing measured yet; {@code classes} is K. */
  public Classification(int classes) {
    pictures = new long[classes];
    first = new long[classes];
  }

  /** Counts a picture of class {@code label}, whose K scores stand from {@code offset} on. */
  public void add(int label, float[] scores, int offset) {
    float own = scores[offset + label];
    int before = 0;
    for (int i = 0; i < pictures.length; i++) {
      if (i != label && !(scores[offset + i] < own)) {
        before++;
      }
    }
    pictures[label]++;
    total++;
    if (before == 0 && !Float.isNaN(own)) {
      first[label]++;
    }
    if (before < FIRST_FEW && !Float.isNaN(own)) {
      firstFive++;
    }
  }

  /** How many pictures were counted. */
  public long total() {
    return total;
  }

  /** How many classes had a picture. */
  public int classes() {
    int classes = 0;
    for (long count : pictures) {
      classes += count > 0 ? 1 : 0;
    }
    return classes;
  }

  /** The share of pictures whose class comes first. */
  public double accuracy() {
    long right = 0;
    for (long count : first) {
      right += count;
    }
    return share(right, total);
  }

  /**
   * The figures by CLIP_benchmark's names: {@code acc1}; {@code acc5} if there are five classes or
   * more; {@code mean_per_class_recall}, the mean over the classes that occur of the share of their
   * pictures that are told right.
   */
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("acc1", accuracy());
    if (pictures.length >= FIRST_FEW) {
      metrics.put("acc5", share(firstFive, total));
    }
    double sum = 0;
    for (int i = 0; i < pictures.length; i++) {
      sum += share(first[i], pictures[i]);
    }
    metrics.put("mean_per_class_recall", sum / Math.max(1, classes()));
    return metrics;
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }
}
