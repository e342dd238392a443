package dev.diptych.autograd.optim;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Minimises a smooth function of many variables: L-BFGS (Nocedal 1980; Nocedal and Wright 2006,
 * Algorithms 7.4 and 7.5), with steps that meet the strong Wolfe conditions. It takes the whole
 * function at each step, not a batch of data, and is made for what has one minimum, such as
 * logistic regression.
 *
 * <p>All state is in double. The function may be computed in less: when its noise leaves no step
 * that goes down, the search ends there and says so.
 */
public final class Lbfgs {
  private final int history;
  private final int maxIterations;
  private final double tolerance;

  /** What is minimised. */
  @FunctionalInterface
  public interface Objective {
    /**
     * The value at {@code x}; {@code gradient}, as long as {@code x}, receives ∂value/∂x. Must not
     * change {@code x}.
     */
    double evaluate(double[] x, double[] gradient);
  }

  /** Why a search ended. */
  public enum Ending {
    /** No part of the gradient is larger than the tolerance. */
    CONVERGED,
    /** All iterations are used up. */
    ITERATIONS,
    /** No step along the last direction, nor along the gradient, makes the value smaller. */
    NO_PROGRESS
  }

  /**
   * Where a search ended.
   *
   * @param x the point
   * @param value there
   * @param gradientMax the largest part of the gradient there, without sign
   * @param iterations steps taken
   * @param evaluations how often the function was computed
   * @param ending why it ended
   */
  public record Minimum(
      double[] x,
      double value,
      double gradientMax,
      int iterations,
      int evaluations,
      Ending ending) {}

  /** A step s = Δx, the change y = Δgradient, and 1/(s·y). */
  private record Step(double[] s, double[] y, double rho) {}

  /**
   * A search that remembers {@code history} steps and ends after {@code maxIterations}, or when no
   * part of the gradient is larger than {@code tolerance}.
   *
   * @throws IllegalArgumentException if history or maxIterations is below 1, or the tolerance
   *     negative or not a number
   */
  public Lbfgs(int history, int maxIterations, double tolerance) {
    if (history < 1 || maxIterations < 1 || !(tolerance >= 0)) {
      throw new IllegalArgumentException(
          "L-BFGS: expected history and iterations of 1 or more and a tolerance of 0 or more, found"
              + " %d, %d and %s".formatted(history, maxIterations, tolerance));
    }
    this.history = history;
    this.maxIterations = maxIterations;
    this.tolerance = tolerance;
  }

  /**
   * Searches from {@code start}, which stays as it is.
   *
   * @throws ArithmeticException if the function or its gradient is not finite at {@code start}
   */
  public Minimum minimise(Objective objective, double[] start) {
    StrongWolfe search = new StrongWolfe(objective);
    StrongWolfe.Point at = search.point(start.clone());
    if (!Double.isFinite(at.value()) || !Double.isFinite(largest(at.gradient()))) {
      throw new ArithmeticException("L-BFGS: the function is not finite where the search starts");
    }
    Deque<Step> steps = new ArrayDeque<>();
    int iterations = 0;
    while (largest(at.gradient()) > tolerance) {
      if (iterations == maxIterations) {
        return minimum(at, iterations, search, Ending.ITERATIONS);
      }
      StrongWolfe.Point next = advance(search, at, steps);
      if (next == null && !steps.isEmpty()) {
        steps.clear(); // the memory may be at fault: try the gradient itself
        next = advance(search, at, steps);
      }
      if (next == null) {
        return minimum(at, iterations, search, Ending.NO_PROGRESS);
      }
      remember(steps, at, next);
      at = next;
      iterations++;
    }
    return minimum(at, iterations, search, Ending.CONVERGED);
  }

  private static StrongWolfe.@Nullable Point advance(
      StrongWolfe search, StrongWolfe.Point at, Deque<Step> steps) {
    double[] direction = direction(at.gradient(), steps);
    double first = 1; // what a Newton step would be
    if (steps.isEmpty()) {
      double sum = 0;
      for (double part : at.gradient()) {
        sum += Math.abs(part);
      }
      first = Math.min(1, 1 / sum); // nothing is known of the scale yet
    }
    return search.search(at, direction, first);
  }

  private void remember(Deque<Step> steps, StrongWolfe.Point from, StrongWolfe.Point to) {
    double[] s = new double[from.x().length];
    double[] y = new double[s.length];
    for (int i = 0; i < s.length; i++) {
      s[i] = to.x()[i] - from.x()[i];
      y[i] = to.gradient()[i] - from.gradient()[i];
    }
    double curvature = dot(s, y);
    if (curvature > 1e-14 * dot(y, y)) { // else the approximation would not stay positive
      steps.addLast(new Step(s, y, 1 / curvature));
      if (steps.size() > history) {
        steps.removeFirst();
      }
    }
  }

  /** −H·gradient by the two loops of Algorithm 7.4, with H₀ = (s·y)/(y·y) of the last step. */
  private static double[] direction(double[] gradient, Deque<Step> steps) {
    double[] q = new double[gradient.length];
    for (int i = 0; i < q.length; i++) {
      q[i] = -gradient[i];
    }
    double[] alphas = new double[steps.size()];
    int at = alphas.length;
    for (Iterator<Step> newestFirst = steps.descendingIterator(); newestFirst.hasNext(); ) {
      Step step = newestFirst.next();
      alphas[--at] = step.rho * dot(step.s, q);
      add(q, -alphas[at], step.y);
    }
    Step last = steps.peekLast();
    if (last != null) {
      double scale = 1 / (last.rho * dot(last.y, last.y));
      for (int i = 0; i < q.length; i++) {
        q[i] *= scale;
      }
    }
    for (Step step : steps) {
      add(q, alphas[at++] - step.rho * dot(step.y, q), step.s);
    }
    return q;
  }

  private static Minimum minimum(
      StrongWolfe.Point at, int iterations, StrongWolfe search, Ending ending) {
    return new Minimum(
        at.x(), at.value(), largest(at.gradient()), iterations, search.evaluations(), ending);
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value)); // NaN stays NaN
    }
    return largest;
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void add(double[] target, double factor, double[] values) {
    for (int i = 0; i < target.length; i++) {
      target[i] += factor * values[i];
    }
  }
}
