package dev.diptych.clip.report;

import java.util.List;

/**
 * What a run has to show.
 *
 * @param title the first line
 * @param lead one paragraph for a reader who comes upon this for the first time: what happened
 * @param figures the few numbers that matter most
 * @param sections everything else, in order
 * @param footer how to repeat it
 */
public record Report(
    String title, String lead, List<Figure> figures, List<Section> sections, String footer) {

  /** Keeps its own copies of the lists. */
  public Report {
    figures = List.copyOf(figures);
    sections = List.copyOf(sections);
  }

  /**
   * A number that matters.
   *
   * @param value as it is to be read, such as "71.3 %"
   * @param name what was measured
   * @param context what to hold it against, such as "chance is 2.1 %"
   */
  public record Figure(String value, String name, String context) {}
}
