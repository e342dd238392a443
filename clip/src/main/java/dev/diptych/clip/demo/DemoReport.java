package dev.diptych.clip.demo;

import dev.diptych.clip.report.Report;
import dev.diptych.clip.report.Section;
import dev.diptych.clip.report.Thumbnail;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Tells the demonstration's result to someone who comes upon it for the first time. */
public final class DemoReport {
  private DemoReport() {}

  /** The report of {@code result}. */
  public static Report of(DemoResult result) {
    List<Section> sections = new ArrayList<>();
    sections.add(gallery(result));
    sections.add(heldOut(result.heldOut()));
    sections.add(result.samples());
    sections.add(retrieval(result.retrieval()));
    sections.add(loss(result.curves()));
    sections.add(accuracy(result.curves()));
    sections.add(training(result.training()));
    return new Report(
        "Naming what was never shown",
        lead(result),
        figures(result),
        sections,
        "Made by “diptych demo”. Everything was drawn, trained and measured on this machine; the"
            + " same seed gives the same result.");
  }

  private static String lead(DemoResult result) {
    DemoResult.Training training = result.training();
    return "A CLIP model was trained from scratch in "
        + (duration(training.seconds()) + " on ")
        + training.where()
        + ", on drawn pictures with captions such as “a small red circle”. "
        + result.heldOut().things().size()
        + " combinations of colour and shape were kept out of every training picture and every"
        + " caption. Then the model was shown exactly those, and asked to name them among all "
        + Thing.all().size()
        + " combinations.";
  }

  private static List<Report.Figure> figures(DemoResult result) {
    DemoResult.ZeroShot zeroShot = result.zeroShot();
    DemoResult.Retrieval retrieval = result.retrieval();
    return List.of(
        new Report.Figure(
            percent(zeroShot.unseen()),
            "combinations never seen, named right",
            "of "
                + zeroShot.unseenPictures()
                + " pictures; guessing gives "
                + percent(DemoResult.chance())),
        new Report.Figure(
            percent(zeroShot.seen()),
            "combinations seen, in new pictures",
            "of "
                + zeroShot.seenPictures()
                + " pictures; guessing gives "
                + percent(DemoResult.chance())),
        new Report.Figure(
            percent(retrieval.imageToText()[0]),
            "pictures that find their caption first",
            "among " + retrieval.count() + "; guessing gives " + percent(1.0 / retrieval.count())),
        new Report.Figure(
            String.format(Locale.ROOT, "%,.0f", result.training().pairsPerSecond()),
            "pictures with captions a second",
            duration(result.training().seconds()) + " of training"));
  }

  private static Section gallery(DemoResult result) {
    return new Section.Gallery(
        "What the model says",
        "The likeliest of all "
            + Thing.all().size()
            + " names, with the probability the model gives each. Pictures marked “never seen” show"
            + " a combination that was in no training picture and no training caption.",
        result.exhibits());
  }

  private static Section heldOut(HeldOut heldOut) {
    List<String> headers = new ArrayList<>();
    headers.add("");
    for (Shape shape : Shape.values()) {
      headers.add(shape.word());
    }
    List<List<String>> rows = new ArrayList<>();
    for (Colour colour : Colour.values()) {
      List<String> row = new ArrayList<>();
      row.add(colour.word());
      for (Shape shape : Shape.values()) {
        row.add(heldOut.holds(new Thing(colour, shape)) ? "held out" : "·");
      }
      rows.add(row);
    }
    return new Section.Table(
        "What was held out",
        "Every colour and every shape was seen in training, but not these together. To name them,"
            + " the model must have learned what the two words mean apart.",
        headers,
        rows);
  }

  /** The section of a similarity matrix, with the note that explains it. */
  public static Section.Similarities samples(
      List<Thumbnail> pictures, List<String> captions, float[] values) {
    return new Section.Similarities(
        "Pictures against captions",
        "Cosine similarity of each picture (row) with each caption (column), from −1 to 1. The"
            + " framed cells are the pairs that belong together: each should be the highest of its"
            + " row and of its column.",
        pictures,
        captions,
        values);
  }

  /**
   * A picture of one thing with the names the model finds likeliest, best first.
   *
   * @param probabilities of every thing, in the order of {@link Thing#all}
   * @param shown how many names
   */
  public static Section.Exhibit exhibit(
      Scene scene, int size, HeldOut heldOut, float[] probabilities, int shown) {
    List<Thing> things = new ArrayList<>(Thing.all());
    things.sort((a, b) -> Float.compare(probabilities[b.index()], probabilities[a.index()]));
    List<Section.Answer> answers = new ArrayList<>();
    for (Thing thing : things.subList(0, Math.min(shown, things.size()))) {
      boolean correct = thing.equals(scene.first());
      answers.add(new Section.Answer(thing.words(), probabilities[thing.index()], correct));
    }
    String badge = heldOut.holds(scene.first()) ? "never seen" : "";
    return new Section.Exhibit(DemoResult.thumbnail(scene, size), badge, answers);
  }

  private static Section retrieval(DemoResult.Retrieval retrieval) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("from picture to caption", retrieval.imageToText()));
    rows.add(row("from caption to picture", retrieval.textToImage()));
    double[] chance = new double[3];
    int[] ranks = {1, 5, 10};
    for (int i = 0; i < ranks.length; i++) {
      chance[i] = Math.min(1, (double) ranks[i] / Math.max(1, retrieval.count()));
    }
    rows.add(row("guessing", chance));
    return new Section.Table(
        "Finding each other",
        "Among "
            + retrieval.count()
            + " new scenes that all differ, of one, two or three things: how often the right one is"
            + " the first (R@1), among the first five (R@5) and the first ten (R@10).",
        List.of("", "R@1", "R@5", "R@10"),
        rows);
  }

  private static List<String> row(String name, double[] values) {
    return List.of(name, percent(values[0]), percent(values[1]), percent(values[2]));
  }

  private static Section loss(DemoResult.Curves curves) {
    double[] smooth = smooth(curves.loss());
    return new Section.Curves(
        "The loss",
        "How surprised the model is by which caption belongs to which picture of a batch; 0 would"
            + " be no surprise at all.",
        "training step",
        "contrastive loss",
        false,
        List.of(new Section.Curve("loss, smoothed", curves.lossSteps(), smooth, false)));
  }

  /** An exponential mean that begins unbiased; values that are not finite stay gaps. */
  private static double[] smooth(double[] values) {
    double keep = 1 - 1 / Math.clamp(values.length / 50.0, 1, 25);
    double[] smooth = new double[values.length];
    double sum = 0;
    double weight = 0;
    for (int i = 0; i < values.length; i++) {
      if (Double.isFinite(values[i])) {
        sum = keep * sum + (1 - keep) * values[i];
        weight = keep * weight + (1 - keep);
        smooth[i] = sum / weight;
      } else {
        smooth[i] = Double.NaN;
      }
    }
    return smooth;
  }

  private static Section accuracy(DemoResult.Curves curves) {
    double[] x = curves.checkSteps();
    double[] chance = new double[x.length];
    Arrays.fill(chance, DemoResult.chance());
    return new Section.Curves(
        "What it could do along the way",
        "Measured on pictures of their own, which were never trained on.",
        "training step",
        "share right",
        true,
        List.of(
            new Section.Curve("named right, never seen", x, curves.unseen(), false),
            new Section.Curve("named right, seen", x, curves.seen(), false),
            new Section.Curve("caption found first (R@1)", x, curves.imageToText(), false),
            new Section.Curve("guessing a name", x, chance, true)));
  }

  private static Section training(DemoResult.Training training) {
    return new Section.Table(
        "How it was trained",
        "",
        List.of("", ""),
        List.of(
            List.of("parameters", String.format(Locale.ROOT, "%,d", training.parameters())),
            List.of("picture size", training.pictureSize() + " × " + training.pictureSize()),
            List.of("steps", String.format(Locale.ROOT, "%,d", training.steps())),
            List.of("pairs in a batch", String.valueOf(training.batch())),
            List.of(
                "pairs a second", String.format(Locale.ROOT, "%,.0f", training.pairsPerSecond())),
            List.of("time", duration(training.seconds())),
            List.of("loss at the end", String.format(Locale.ROOT, "%.3f", training.finalLoss()))));
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", share * 100);
  }

  private static String duration(double seconds) {
    long whole = Math.round(seconds);
    return whole < 100 ? whole + " s" : whole / 60 + " min " + whole % 60 + " s";
  }
}
