package dev.diptych.clip.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;

/**
 * Looks for the best λ from 10⁻⁶ to 10⁶ without trying all: the CLIP paper's "parametric binary
 * search" (Appendix A.3). It starts with seven, 10⁻⁶, 10⁻⁴, 10⁻², 1, 10², 10⁴ and 10⁶, and then
 * halves the distance around the best until steps are an eighth of a decade: 96 steps from end to
 * end, of which at most 15 are tried. Of equals, common on small validation sets, the one in the
 * middle is taken, farthest from where accuracy falls.
 */
final class LambdaSearch {
  private static final int PER_DECADE = 8;
  private static final int LAST = 12 * PER_DECADE;
  private static final int FIRST_STEP = 2 * PER_DECADE;

  private final DoubleUnaryOperator accuracyOf;
  private final TreeMap<Integer, Double> tried = new TreeMap<>();
  private final List<LinearProbe.Trial> trials = new ArrayList<>();

  private LambdaSearch(DoubleUnaryOperator accuracyOf) {
    this.accuracyOf = accuracyOf;
  }

  /** All trials in the order in which they were made, and the best. */
  record Outcome(double lambda, double accuracy, List<LinearProbe.Trial> trials) {}

  static Outcome search(DoubleUnaryOperator accuracyOf) {
    LambdaSearch search = new LambdaSearch(accuracyOf);
    for (int i = 0; i <= LAST; i += FIRST_STEP) {
      search.attempt(i);
    }
    for (int step = FIRST_STEP / 2; step >= 1; step /= 2) {
      int peak = search.best();
      search.attempt(peak - step);
      search.attempt(peak + step);
    }
    int best = search.best();
    return new Outcome(lambda(best), search.accuracy(best), List.copyOf(search.trials));
  }

  /** What comes of one λ, without a search. */
  static Outcome only(double lambda, DoubleUnaryOperator accuracyOf) {
    double accuracy = accuracyOf.applyAsDouble(lambda);
    return new Outcome(lambda, accuracy, List.of(new LinearProbe.Trial(lambda, accuracy)));
  }

  static double lambda(int step) {
    return Math.pow(10, -6 + (double) step / PER_DECADE);
  }

  private void attempt(int step) {
    if (step >= 0 && step <= LAST && !tried.containsKey(step)) {
      double accuracy = accuracyOf.applyAsDouble(lambda(step));
      tried.put(step, accuracy);
      trials.add(new LinearProbe.Trial(lambda(step), accuracy));
    }
  }

  private double accuracy(int step) {
    return tried.getOrDefault(step, Double.NEGATIVE_INFINITY);
  }

  private int best() {
    double highest = tried.values().stream().max(Double::compare).orElseThrow();
    List<Integer> equals = tried.keySet().stream().filter(i -> accuracy(i) == highest).toList();
    return equals.get(equals.size() / 2);
  }
}
