package dev.diptych.clip.report;

import java.util.List;

/** A part of a report, with a title and a note that says how to read it. */
public sealed interface Section {
  /** The heading. */
  String title();

  /** How to read it; may be empty. */
  String note();

  /**
   * Curves over a common axis.
   *
   * @param title the heading
   * @param note how to read it
   * @param xName under the axis, such as "step"
   * @param yName beside the axis, such as "loss"
   * @param percent whether values are fractions to be shown as percentages, from 0 to 100
   * @param curves what to draw; values that are not finite leave a gap
   */
  record Curves(
      String title, String note, String xName, String yName, boolean percent, List<Curve> curves)
      implements Section {
    /** Keeps its own copy of the list. */
    public Curves {
      curves = List.copyOf(curves);
    }
  }

  /**
   * How alike each of some pictures is to each of some captions.
   *
   * @param title the heading
   * @param note how to read it
   * @param pictures one per row
   * @param captions one per column; where there are as many as pictures, the i-th belongs to the
   *     i-th picture
   * @param values (pictures, captions) cosine similarities
   */
  record Similarities(
      String title, String note, List<Thumbnail> pictures, List<String> captions, float[] values)
      implements Section {
    /** Keeps its own copies of the lists and refuses another number of values. */
    public Similarities {
      pictures = List.copyOf(pictures);
      captions = List.copyOf(captions);
      if (values.length != pictures.size() * captions.size()) {
        throw new IllegalArgumentException(
            "similarities: "
                + (pictures.size() + " pictures and " + captions.size() + " captions need ")
                + (pictures.size() * captions.size() + " values, got " + values.length));
      }
    }
  }

  /** Pictures, each with the captions that the model ranked first. */
  record Gallery(String title, String note, List<Exhibit> exhibits) implements Section {
    /** Keeps its own copy of the list. */
    public Gallery {
      exhibits = List.copyOf(exhibits);
    }
  }

  /** Rows of text under headers; every cell but the first of a row is set to the right. */
  record Table(String title, String note, List<String> headers, List<List<String>> rows)
      implements Section {
    /** Keeps its own copies of the lists. */
    public Table {
      headers = List.copyOf(headers);
      rows = rows.stream().map(List::copyOf).toList();
    }
  }

  /**
   * A named line in a chart.
   *
   * @param name in the legend
   * @param x positions, ascending
   * @param y values, as many as x
   * @param guide whether it is something to hold the others against, drawn dashed, such as chance
   */
  record Curve(String name, double[] x, double[] y, boolean guide) {
    /** Refuses x and y of different lengths. */
    public Curve {
      if (x.length != y.length) {
        throw new IllegalArgumentException(
            "curve '" + name + "': x has " + x.length + " values, y " + y.length);
      }
    }
  }

  /**
   * A picture and what the model said about it.
   *
   * @param picture what it looks like
   * @param badge a short mark, such as "never seen"; may be empty
   * @param answers best first
   */
  record Exhibit(Thumbnail picture, String badge, List<Answer> answers) {
    /** Keeps its own copy of the list. */
    public Exhibit {
      answers = List.copyOf(answers);
    }
  }

  /** A caption with the probability the model gave it, and whether it is right. */
  record Answer(String caption, double probability, boolean correct) {}
}
