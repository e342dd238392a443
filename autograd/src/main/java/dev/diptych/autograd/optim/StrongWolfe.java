package dev.diptych.autograd.optim;

import org.jspecify.annotations.Nullable;

/**
 * How far to go along a direction: to where the value has fallen enough, f(t) ≤ f(0) + c₁·t·f′(0),
 * and the slope is flat enough, |f′(t)| ≤ c₂·|f′(0)| (Nocedal and Wright 2006, Algorithms 3.5 and
 * 3.6).
 */
final class StrongWolfe {
  private static final double C1 = 1e-4;
  private static final double C2 = 0.9;
  private static final int MAX_TRIALS = 25;
  private static final double GROWTH = 4;

  /** A trial stays this share of the interval away from its ends. */
  private static final double MARGIN = 0.1;

  private final Lbfgs.Objective objective;
  private int evaluations;

  /** A point with the value and the gradient of the function there. */
  record Point(double[] x, double value, double[] gradient) {}

  /** A point at t along the direction, where the slope is f′(t). */
  private record Trial(double t, Point point, double slope) {
    double value() {
      return point.value();
    }

    boolean isFinite() {
      return Double.isFinite(point.value()) && Double.isFinite(slope);
    }
  }

  StrongWolfe(Lbfgs.Objective objective) {
    this.objective = objective;
  }

  int evaluations() {
    return evaluations;
  }

  Point point(double[] x) {
    double[] gradient = new double[x.length];
    evaluations++;
    return new Point(x, objective.evaluate(x, gradient), gradient);
  }

  /**
   * The point to go on from, or null if {@code direction} does not go down or no point along it is
   * lower. When the conditions cannot be met, the lowest point that has fallen enough is taken.
   */
  @Nullable Point search(Point from, double[] direction, double first) {
    Trial start = new Trial(0, from, Lbfgs.dot(from.gradient(), direction));
    if (!(start.slope < 0)) {
      return null;
    }
    Trial before = start;
    double t = first;
    for (int i = 0; i < MAX_TRIALS; i++) {
      Trial trial = trial(from, direction, t);
      if (!fellEnough(start, trial) || (i > 0 && trial.value() >= before.value())) {
        return zoom(start, direction, before, trial);
      }
      if (flatEnough(start, trial)) {
        return trial.point;
      }
      if (trial.slope >= 0) {
        return zoom(start, direction, trial, before);
      }
      before = trial;
      t *= GROWTH;
    }
    return before.point; // falls without end, as far as we have looked
  }

  /** Narrows the interval from {@code low}, the lowest end that has fallen enough, to the other. */
  private @Nullable Point zoom(Trial start, double[] direction, Trial low, Trial other) {
    Trial end = other;
    for (int i = 0; i < MAX_TRIALS; i++) {
      double t = between(low, end);
      if (t == low.t || t == end.t) {
        break; // no number lies between them
      }
      Trial trial = trial(start.point, direction, t);
      if (!fellEnough(start, trial) || trial.value() >= low.value()) {
        end = trial;
        continue;
      }
      if (flatEnough(start, trial)) {
        return trial.point;
      }
      if (trial.slope * (end.t - low.t) >= 0) {
        end = low;
      }
      low = trial;
    }
    return low.t > 0 && low.value() < start.value() ? low.point : null;
  }

  private static boolean fellEnough(Trial start, Trial trial) {
    return trial.isFinite() && trial.value() <= start.value() + C1 * trial.t * start.slope;
  }

  private static boolean flatEnough(Trial start, Trial trial) {
    return Math.abs(trial.slope) <= -C2 * start.slope;
  }

  /** The minimum of the cubic through both ends (3.59), kept off them; or else the middle. */
  private static double between(Trial low, Trial end) {
    double middle = 0.5 * (low.t + end.t);
    if (!end.isFinite()) {
      return middle;
    }
    double d1 = low.slope + end.slope - 3 * (low.value() - end.value()) / (low.t - end.t);
    double square = d1 * d1 - low.slope * end.slope;
    if (!(square >= 0)) {
      return middle;
    }
    double d2 = Math.signum(end.t - low.t) * Math.sqrt(square);
    double t = end.t - (end.t - low.t) * (end.slope + d2 - d1) / (end.slope - low.slope + 2 * d2);
    double margin = MARGIN * Math.abs(end.t - low.t);
    double least = Math.min(low.t, end.t) + margin;
    double most = Math.max(low.t, end.t) - margin;
    return Double.isFinite(t) && least <= most ? Math.clamp(t, least, most) : middle;
  }

  private Trial trial(Point from, double[] direction, double t) {
    double[] x = new double[direction.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = from.x()[i] + t * direction[i];
    }
    Point point = point(x);
    return new Trial(t, point, Lbfgs.dot(point.gradient(), direction));
  }
}
