package dev.diptych.clip.zeroshot;

/**
 * How much a picture is like the labels at all, from its cosines with them: the more, the likelier
 * that it shows one of them.
 */
public enum Statistic {
  /** The largest cosine. Some pictures are closer to every text than others, whatever they show. */
  COSINE {
    @Override
    double of(double[] cosines) {
      return largest(cosines);
    }
  },

  /**
   * Maximum concept matching (Ming et al. 2022, "Delving into Out-of-Distribution Detection with
   * Vision-Language Representations", §3): the largest probability of a softmax over the cosines at
   * temperature 1, the authors' choice. What a picture has in common with every label cancels out.
   * It needs two labels or more, and is low for a picture that shows several of few.
   */
  MCM {
    @Override
    double of(double[] cosines) {
      double largest = largest(cosines);
      double sum = 0;
      for (double cosine : cosines) {
        sum += Math.exp(cosine - largest);
      }
      return 1 / sum;
    }
  };

  /** The statistic of a picture whose cosines with the labels are {@code cosines}. */
  abstract double of(double[] cosines);

  private static double largest(double[] cosines) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double cosine : cosines) {
      largest = Math.max(largest, cosine);
    }
    return largest;
  }
}
