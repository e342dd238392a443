package dev.diptych.clip.demo;

/**
 * The shapes of the drawn things, each a signed distance: below zero inside, above zero outside, in
 * units of the shape's radius, with x to the right and y upwards and the shape inside the unit
 * circle. Near the outline the value is the distance to it, which is all that smooth edges need.
 *
 * <p>The formulas for star and heart are the exact distances of Inigo Quilez's "2D distance
 * functions".
 */
public enum Shape {
  /** A disc. */
  CIRCLE {
    @Override
    double distance(double x, double y) {
      return Math.sqrt(x * x + y * y) - 0.95;
    }
  },
  /** A filled square. */
  SQUARE {
    @Override
    double distance(double x, double y) {
      return Math.max(Math.abs(x), Math.abs(y)) - 0.7;
    }
  },
  /** A triangle that stands on a side. */
  TRIANGLE {
    @Override
    double distance(double x, double y) {
      double slanted = 0.8660254037844386 * Math.abs(x) + 0.5 * y;
      return Math.max(slanted, -y) - 0.5;
    }
  },
  /** A star of five points, one of them up. */
  STAR {
    @Override
    double distance(double x, double y) {
      // Folds the plane five times into the wedge of one half point.
      double px = Math.abs(x);
      double py = y;
      double fold = Math.max(COS_36 * px - SIN_36 * py, 0);
      px -= 2 * fold * COS_36;
      py += 2 * fold * SIN_36;
      fold = Math.max(-COS_36 * px - SIN_36 * py, 0);
      px += 2 * fold * COS_36;
      py += 2 * fold * SIN_36;
      px = Math.abs(px);
      py -= 1;
      double bx = 0.45 * SIN_36;
      double by = 0.45 * COS_36 - 1;
      double along = Math.clamp((px * bx + py * by) / (bx * bx + by * by), 0, 1);
      double dx = px - bx * along;
      double dy = py - by * along;
      return Math.copySign(Math.sqrt(dx * dx + dy * dy), py * bx - px * by);
    }
  },
  /** An upright cross with arms of equal length. */
  CROSS {
    @Override
    double distance(double x, double y) {
      double ax = Math.abs(x);
      double ay = Math.abs(y);
      return Math.max(Math.min(ax, ay) - 0.28, Math.max(ax, ay) - 0.92);
    }
  },
  /** A circle with a hole. */
  RING {
    @Override
    double distance(double x, double y) {
      return Math.abs(Math.sqrt(x * x + y * y) - 0.74) - 0.22;
    }

    @Override
    double inside() {
      return 0.74;
    }
  },
  /** A square on its point, narrower than high. */
  DIAMOND {
    @Override
    double distance(double x, double y) {
      return (Math.abs(x) * 1.55 + Math.abs(y) - 1) * 0.5421;
    }
  },
  /** A heart, its point down. */
  HEART {
    @Override
    double distance(double x, double y) {
      // The formula's heart has its point at (0, 0) and is 1.25 high: centred and scaled to fit.
      double px = Math.abs(x) * 0.66;
      double py = y * 0.66 + 0.56;
      if (px + py > 1) {
        double dx = px - 0.25;
        double dy = py - 0.75;
        return (Math.sqrt(dx * dx + dy * dy) - Math.sqrt(2) / 4) / 0.66;
      }
      double dy = py - 1;
      double half = 0.5 * Math.max(px + py, 0);
      double ex = px - half;
      double ey = py - half;
      double square = Math.min(px * px + dy * dy, ex * ex + ey * ey);
      return Math.copySign(Math.sqrt(square), px - py) / 0.66;
    }
  };

  private static final double SIN_36 = 0.5877852522924731;
  private static final double COS_36 = 0.8090169943749475;

  /** The signed distance of (x, y) from the outline. */
  abstract double distance(double x, double y);

  /** How far below the centre, in radii, is a point that is well inside: 0 but for the ring. */
  double inside() {
    return 0;
  }

  /** The word in captions. */
  public String word() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /** The word for two or more of them. */
  public String plural() {
    return this == CROSS ? "crosses" : word() + "s";
  }
}
