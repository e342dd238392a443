package dev.diptych.clip.explain;

import dev.diptych.clip.image.Area;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The pointing game (Zhang et al. 2018, "Top-down neural attention by excitation backprop", §4.2):
 * does the largest value of a map lie on a thing of the class it was asked for? Objects are often
 * large and in the middle, so two players that have not looked at the picture play along: one
 * always points at the centre of what the model sees, the other anywhere in it.
 *
 * <p>A thing that lies wholly outside of the square that the model sees cannot be pointed at: such
 * questions are left out and counted.
 */
public final class PointingGame {
  /** Pixels by which the published scores let a point miss a box. */
  public static final double USUAL_TOLERANCE = 15;

  private final double tolerance;
  private final Map<String, Tally> all = new TreeMap<>();
  private final Map<String, Tally> difficult = new TreeMap<>();
  private int unseen;

  /**
   * Shares of right answers, 0 to 1.
   *
   * @param found of the maps
   * @param centre of pointing at the centre each time
   * @param random of pointing anywhere, as expected: the share of the square that would be right
   */
  public record Score(double found, double centre, double random) {}

  /**
   * The outcome.
   *
   * @param perClass mean over classes of their scores, as published
   * @param perQuestion mean over all questions
   * @param questions how many were asked
   * @param classes how many classes occur
   */
  public record Outcome(Score perClass, Score perQuestion, int questions, int classes) {}

  /** Right answers to the questions about one class. */
  private static final class Tally {
    private int questions;
    private int found;
    private int centre;
    private double random;

    private void add(Tally other) {
      questions += other.questions;
      found += other.found;
      centre += other.centre;
      random += other.random;
    }

    private Score score() {
      double count = Math.max(1, questions);
      return new Score(found / count, centre / count, random / count);
    }
  }

  /** A game in which a point may miss by {@code tolerance} pixels of the picture. */
  public PointingGame(double tolerance) {
    if (!(tolerance >= 0)) {
      throw new IllegalArgumentException("tolerance: expected 0 or more, found " + tolerance);
    }
    this.tolerance = tolerance;
  }

  /**
   * Asks where in a picture a class is.
   *
   * @param label the class
   * @param map the answer
   * @param boxes of all things of that class in the picture, in its pixels
   * @param hard whether this question counts among the difficult ones too: the boxes fill less than
   *     a quarter of the picture, and another class is in it (§4.2)
   * @return false if no box reaches into what the model sees: then nothing was counted
   */
  public boolean ask(String label, HeatMap map, List<Area> boxes, boolean hard) {
    Area seen = map.area();
    Tally answer = new Tally();
    answer.random = share(seen, boxes);
    if (answer.random == 0) {
      unseen++;
      return false;
    }
    answer.questions = 1;
    HeatMap.Point peak = map.peak();
    answer.found = hits(peak.x(), peak.y(), boxes) ? 1 : 0;
    double x = seen.x() + seen.width() / 2;
    double y = seen.y() + seen.height() / 2;
    answer.centre = hits(x, y, boxes) ? 1 : 0;
    all.computeIfAbsent(label, key -> new Tally()).add(answer);
    if (hard) {
      difficult.computeIfAbsent(label, key -> new Tally()).add(answer);
    }
    return true;
  }

  /** How all questions were answered. */
  public Outcome outcome() {
    return outcome(all);
  }

  /** How the difficult ones were answered. */
  public Outcome difficult() {
    return outcome(difficult);
  }

  /** How many questions were left out because the thing lies outside of what the model sees. */
  public int unseen() {
    return unseen;
  }

  private static Outcome outcome(Map<String, Tally> tallies) {
    Tally total = new Tally();
    double found = 0;
    double centre = 0;
    double random = 0;
    for (Tally tally : tallies.values()) {
      total.add(tally);
      found += tally.score().found();
      centre += tally.score().centre();
      random += tally.score().random();
    }
    int classes = tallies.size();
    double count = Math.max(1, classes);
    Score perClass = new Score(found / count, centre / count, random / count);
    return new Outcome(perClass, total.score(), total.questions, classes);
  }

  private boolean hits(double x, double y, List<Area> boxes) {
    for (Area box : boxes) {
      double across = Math.max(0, Math.max(box.x() - x, x - box.x() - box.width()));
      double down = Math.max(0, Math.max(box.y() - y, y - box.y() - box.height()));
      if (across * across + down * down <= tolerance * tolerance) {
        return true;
      }
    }
    return false;
  }

  /** The share of the pixels whose centres lie in {@code seen} that would be a hit. */
  private double share(Area seen, List<Area> boxes) {
    long pixels = 0;
    long right = 0;
    for (int y = (int) Math.ceil(seen.y() - 0.5); y + 0.5 < seen.y() + seen.height(); y++) {
      for (int x = (int) Math.ceil(seen.x() - 0.5); x + 0.5 < seen.x() + seen.width(); x++) {
        pixels++;
        right += hits(x + 0.5, y + 0.5, boxes) ? 1 : 0;
      }
    }
    return (double) right / Math.max(1, pixels);
  }
}
