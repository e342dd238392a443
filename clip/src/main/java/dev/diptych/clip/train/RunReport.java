package dev.diptych.clip.train;

import dev.diptych.clip.report.HtmlReport;
import dev.diptych.clip.report.Report;
import dev.diptych.clip.report.Section;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/** What a finished run leaves to look at: its log as curves, and the last figures by themselves. */
public final class RunReport {
  private static final String VALIDATION = "val/";

  private RunReport() {}

  /**
   * Writes {@code metrics.json} and {@code report.html} from the run's log.
   *
   * @throws IOException if the log cannot be read or a file not written
   */
  public static void write(RunFolder folder, long lastStep) throws IOException {
    List<JsonNode> log = folder.readLog(lastStep);
    folder.writeMetrics(lastFigures(log));
    HtmlReport.write(report(folder, log, lastStep), folder.path().resolve("report.html"));
  }

  /** The last value of every figure, under its name in the log without {@code val/}. */
  private static Map<String, Object> lastFigures(List<JsonNode> log) {
    Map<String, Object> last = new LinkedHashMap<>();
    for (JsonNode line : log) {
      line.properties()
          .forEach(figure ->
              last.put(figure.getKey().replace(VALIDATION, ""), figure.getValue().asDouble()));
    }
    return last;
  }

  private static Report report(RunFolder folder, List<JsonNode> log, long steps) {
    List<Report.Figure> figures = new ArrayList<>();
    List<Section> sections = new ArrayList<>();
    sections.add(
        curves("The loss", "Averages of the batches between two lines of the log.", log, "loss"));
    sections.add(
        curves(
            "In the batch",
            "Share of the batch's pictures and texts whose most similar partner was the right one.",
            log,
            "accuracy"));
    List<Section.Curve> recall = new ArrayList<>();
    for (String name : new TreeSet<>(lastFigures(log).keySet())) {
      String key = VALIDATION + name;
      if (name.contains("R@") || name.startsWith("zero_shot")) {
        recall.add(curve(name, log, key));
      }
    }
    if (!recall.isEmpty()) {
      sections.add(
          new Section.Curves(
              "On pairs never learned from",
              "Recall at 1, 5 and 10 both ways among all of the validation's pictures and"
                  + " captions.",
              "step",
              "share",
              true,
              recall));
    }
    figure(figures, log, "loss", "contrastive loss at the end", false);
    figure(figures, log, VALIDATION + "image_to_text_R@1", "picture finds its caption", true);
    figure(figures, log, VALIDATION + "text_to_image_R@1", "caption finds its picture", true);
    return new Report(
        "Training of " + folder.path().getFileName(),
        "A CLIP model was trained from scratch for %,d steps.".formatted(steps),
        figures,
        sections,
        "Everything to repeat it is in config.json; every number is in log.jsonl.");
  }

  private static void figure(
      List<Report.Figure> figures, List<JsonNode> log, String key, String name, boolean share) {
    double last = Double.NaN;
    for (JsonNode line : log) {
      last = line.path(key).asDouble(last);
    }
    if (!Double.isNaN(last)) {
      String value =
          String.format(Locale.ROOT, share ? "%.1f %%" : "%.3f", share ? 100 * last : last);
      figures.add(new Report.Figure(value, name, ""));
    }
  }

  private static Section curves(String title, String note, List<JsonNode> log, String key) {
    return new Section.Curves(
        title, note, "step", key, key.equals("accuracy"), List.of(curve(key, log, key)));
  }

  private static Section.Curve curve(String name, List<JsonNode> log, String key) {
    List<JsonNode> lines = log.stream().filter(line -> line.has(key)).toList();
    double[] x = lines.stream().mapToDouble(line -> line.path("step").asDouble()).toArray();
    double[] y = lines.stream().mapToDouble(line -> line.path(key).asDouble(Double.NaN)).toArray();
    return new Section.Curve(name, x, y, false);
  }
}
