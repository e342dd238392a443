package dev.diptych.clip.report;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PngEncoder;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Writes a report as one HTML file that needs nothing beside itself: styles, charts and pictures
 * are in it, there is no script, and it is well-formed XML as well.
 */
public final class HtmlReport {
  private final StringBuilder out = new StringBuilder(1 << 16);

  private HtmlReport() {}

  /**
   * Writes the page to {@code file}, whole or not at all.
   *
   * @throws IOException when the folder cannot be made or written
   */
  public static void write(Report report, Path file) throws IOException {
    AtomicFile.writeText(file, page(report));
  }

  /** The page itself. */
  public static String page(Report report) {
    HtmlReport html = new HtmlReport();
    html.render(report);
    return html.out.toString();
  }

  private void render(Report report) {
    out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    out.append("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    element("title", "", report.title());
    out.append("<style>\n").append(style()).append("</style>\n</head>\n<body>\n<main>\n<header>\n");
    element("h1", "", report.title());
    element("p", "lead", report.lead());
    out.append("</header>\n");
    figures(report.figures());
    for (Section section : report.sections()) {
      section(section);
    }
    out.append("<footer>");
    element("p", "", report.footer());
    out.append("</footer>\n</main>\n</body>\n</html>\n");
  }

  private void figures(List<Report.Figure> figures) {
    if (figures.isEmpty()) {
      return;
    }
    out.append("<div class=\"figures\">\n");
    for (Report.Figure figure : figures) {
      out.append("<div class=\"figure\">");
      element("div", "value", figure.value());
      element("div", "what", figure.name());
      element("div", "context", figure.context());
      out.append("</div>\n");
    }
    out.append("</div>\n");
  }

  private void section(Section section) {
    out.append("<section>\n");
    element("h2", "", section.title());
    if (!section.note().isEmpty()) {
      element("p", "note", section.note());
    }
    switch (section) {
      case Section.Curves curves -> CurveChart.draw(curves, out);
      case Section.Similarities similarities -> similarities(similarities);
      case Section.Gallery gallery -> gallery(gallery);
      case Section.Table table -> table(table);
    }
    out.append("</section>\n");
  }

  private void similarities(Section.Similarities section) {
    int columns = section.captions().size();
    if (section.values().length == 0) {
      element("p", "empty", "No pictures were compared.");
      return;
    }
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (float value : section.values()) {
      if (Float.isFinite(value)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    boolean paired = section.pictures().size() == columns;
    out.append("<div class=\"wide\"><table class=\"matrix\">\n<thead><tr><td></td>");
    for (String caption : section.captions()) {
      out.append("<th scope=\"col\"><div>");
      element("span", "", caption);
      out.append("</div></th>");
    }
    out.append("</tr></thead>\n<tbody>\n");
    for (int row = 0; row < section.pictures().size(); row++) {
      out.append("<tr><th scope=\"row\">");
      picture(section.pictures().get(row), 48);
      out.append("</th>");
      for (int column = 0; column < columns; column++) {
        cell(section.values()[row * columns + column], low, high, paired && row == column);
      }
      out.append("</tr>\n");
    }
    out.append("</tbody></table></div>\n");
  }

  private void cell(float value, float low, float high, boolean own) {
    String mark = own ? " own" : "";
    if (!Float.isFinite(value)) {
      out.append("<td class=\"none").append(mark).append("\">–</td>");
      return;
    }
    int heat = high > low ? Math.round(12 * (value - low) / (high - low)) : 6;
    out.append("<td class=\"h").append(heat).append(mark).append("\">");
    out.append(signed(value)).append("</td>");
  }

  /** Two decimals with a real minus sign, and no minus before zero. */
  static String signed(double value) {
    String digits = String.format(Locale.ROOT, "%.2f", Math.abs(value));
    return value < 0 && !digits.equals("0.00") ? "−" + digits : digits;
  }

  private void gallery(Section.Gallery section) {
    if (section.exhibits().isEmpty()) {
      element("p", "empty", "No pictures were kept.");
      return;
    }
    out.append("<div class=\"gallery\">\n");
    for (Section.Exhibit exhibit : section.exhibits()) {
      out.append("<figure>\n<div class=\"frame\">");
      picture(exhibit.picture(), 144);
      if (!exhibit.badge().isEmpty()) {
        element("span", "badge", exhibit.badge());
      }
      out.append("</div>\n<figcaption><ol>\n");
      for (Section.Answer answer : exhibit.answers()) {
        answer(answer);
      }
      out.append("</ol></figcaption>\n</figure>\n");
    }
    out.append("</div>\n");
  }

  private void answer(Section.Answer answer) {
    boolean known = Double.isFinite(answer.probability());
    double share = known ? Math.clamp(answer.probability(), 0, 1) : 0;
    out.append(answer.correct() ? "<li class=\"right\">" : "<li>");
    element("span", "said", answer.correct() ? answer.caption() + " ✓" : answer.caption());
    element("span", "share", known ? percent(share) : "–");
    out.append(
        String.format(
            Locale.ROOT, "<span class=\"bar\"><b style=\"width:%.1f%%\"></b></span>", share * 100));
    out.append("</li>\n");
  }

  /** A probability as a reader wants it: whole percents, tenths below ten. */
  static String percent(double share) {
    String form = share > 0 && share < 0.0995 ? "%.1f %%" : "%.0f %%";
    return String.format(Locale.ROOT, form, share * 100);
  }

  private void table(Section.Table section) {
    out.append("<div class=\"wide\"><table class=\"plain\">\n<thead><tr>");
    for (String header : section.headers()) {
      element("th", "", header);
    }
    out.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : section.rows()) {
      out.append("<tr>");
      for (String value : row) {
        element("td", "", value);
      }
      out.append("</tr>\n");
    }
    out.append("</tbody></table></div>\n");
  }

  private void picture(Thumbnail thumbnail, int shown) {
    Picture picture = thumbnail.picture();
    out.append("<img src=\"").append(PngEncoder.dataUri(picture)).append("\" alt=\"");
    out.append(Xml.escape(thumbnail.description())).append("\" width=\"").append(shown);
    out.append("\" height=\"").append(Math.max(1, shown * picture.height() / picture.width()));
    // Enlarged pixels should look like pixels, reduced photographs should not.
    out.append(picture.width() < shown ? "\" class=\"pixels\"/>" : "\"/>");
  }

  private void element(String name, String style, String text) {
    out.append('<').append(name);
    if (!style.isEmpty()) {
      out.append(" class=\"").append(style).append('"');
    }
    out.append('>').append(Xml.escape(text)).append("</").append(name).append(">");
  }

  private static String style() {
    try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
      if (in == null) {
        throw new IllegalStateException("report.css is missing beside " + HtmlReport.class);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
