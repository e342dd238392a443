package dev.diptych.clip.report;

import dev.diptych.clip.image.Picture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A report as plain text. Pictures are drawn with coloured half blocks where the reader is a
 * terminal, and left out where the text goes to a file.
 */
public final class TextReport {
  private static final int LINE = 96;
  private static final String SPARKS = "▁▂▃▄▅▆▇█";
  private static final int SPARK_WIDTH = 48;

  /** Columns that a picture takes; half as many rows. */
  private static final int PICTURE_WIDTH = 24;

  private final StringBuilder out = new StringBuilder();
  private final boolean terminal;

  private TextReport(boolean terminal) {
    this.terminal = terminal;
  }

  /**
   * The report as lines.
   *
   * @param terminal whether colours and pictures can be shown, as {@code System.console()} being
   *     there and a terminal says
   */
  public static String text(Report report, boolean terminal) {
    TextReport text = new TextReport(terminal);
    text.render(report);
    return text.out.toString();
  }

  private void render(Report report) {
    line(report.title());
    line("=".repeat(report.title().length()));
    wrapped(report.lead());
    int width = 0;
    for (Report.Figure figure : report.figures()) {
      width = Math.max(width, figure.value().length());
    }
    line("");
    for (Report.Figure figure : report.figures()) {
      String context = figure.context().isEmpty() ? "" : " (" + figure.context() + ")";
      line("  " + left(figure.value(), width) + "  " + figure.name() + context);
    }
    for (Section section : report.sections()) {
      line("");
      line(section.title());
      line("-".repeat(section.title().length()));
      switch (section) {
        case Section.Curves curves -> curves(curves);
        case Section.Similarities similarities -> similarities(similarities);
        case Section.Gallery gallery -> gallery(gallery);
        case Section.Table table -> table(table);
      }
    }
    line("");
    wrapped(report.footer());
  }

  private void curves(Section.Curves section) {
    int width = 0;
    for (Section.Curve curve : section.curves()) {
      width = Math.max(width, curve.name().length());
    }
    for (Section.Curve curve : section.curves()) {
      double[] y = finite(curve.y());
      if (y.length == 0) {
        line("  " + left(curve.name(), width) + "  no values");
      } else if (curve.guide()) {
        line("  " + left(curve.name(), width) + "  " + value(y[0], section.percent()));
      } else {
        String first = value(y[0], section.percent());
        String last = value(y[y.length - 1], section.percent());
        line("  " + left(curve.name(), width) + "  " + first + " " + spark(y) + " " + last);
      }
    }
  }

  private static String value(double y, boolean percent) {
    return percent ? HtmlReport.percent(y) : String.format(Locale.ROOT, "%.3f", y);
  }

  private static double[] finite(double[] values) {
    double[] kept = new double[values.length];
    int count = 0;
    for (double value : values) {
      if (Double.isFinite(value)) {
        kept[count++] = value;
      }
    }
    return Arrays.copyOf(kept, count);
  }

  /** The values as a row of bars, each the mean of its part of the curve. */
  private static String spark(double[] y) {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (double value : y) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    int width = Math.min(SPARK_WIDTH, y.length);
    StringBuilder bars = new StringBuilder();
    for (int i = 0; i < width; i++) {
      int begin = (int) ((long) i * y.length / width);
      int end = (int) ((long) (i + 1) * y.length / width);
      double sum = 0;
      for (int j = begin; j < end; j++) {
        sum += y[j];
      }
      double share = high > low ? (sum / (end - begin) - low) / (high - low) : 0;
      bars.append(SPARKS.charAt((int) Math.clamp(Math.round(share * 7), 0L, 7L)));
    }
    return bars.toString();
  }

  private void similarities(Section.Similarities section) {
    int columns = section.captions().size();
    for (int i = 0; i < columns; i++) {
      line(String.format(Locale.ROOT, "  %2d  %s", i + 1, section.captions().get(i)));
    }
    StringBuilder header = new StringBuilder("\n  picture ");
    for (int column = 0; column < columns; column++) {
      header.append(String.format(Locale.ROOT, "%7d", column + 1));
    }
    line(header.toString());
    boolean paired = section.pictures().size() == columns;
    for (int row = 0; row < section.pictures().size(); row++) {
      StringBuilder cells = new StringBuilder(String.format(Locale.ROOT, "  %7d ", row + 1));
      for (int column = 0; column < columns; column++) {
        float value = section.values()[row * columns + column];
        String shown = Float.isFinite(value) ? HtmlReport.signed(value) : "–";
        cells.append(right(paired && row == column ? "[" + shown + "]" : shown + " ", 7));
      }
      line(cells.toString());
    }
  }

  private void gallery(Section.Gallery section) {
    for (Section.Exhibit exhibit : section.exhibits()) {
      List<String> beside = new ArrayList<>();
      String badge = exhibit.badge().isEmpty() ? "" : " (" + exhibit.badge() + ")";
      beside.add(exhibit.picture().description() + badge);
      for (Section.Answer answer : exhibit.answers()) {
        boolean known = Double.isFinite(answer.probability());
        String share = known ? HtmlReport.percent(answer.probability()) : "–";
        String mark = answer.correct() ? "✓ " : "  ";
        beside.add("  " + right(share, 6) + "  " + mark + answer.caption());
      }
      List<String> picture = terminal ? blocks(exhibit.picture().picture()) : List.of();
      for (int i = 0; i < Math.max(picture.size(), beside.size()); i++) {
        String drawn = i < picture.size() ? picture.get(i) + "  " : blank(terminal);
        line("  " + drawn + (i < beside.size() ? beside.get(i) : ""));
      }
      line("");
    }
  }

  private static String blank(boolean terminal) {
    return terminal ? " ".repeat(PICTURE_WIDTH + 2) : "";
  }

  /** The picture as rows of "▀", whose ink is the upper pixel and whose paper the lower one. */
  private static List<String> blocks(Picture picture) {
    int width = Math.min(PICTURE_WIDTH, picture.width());
    int height = Math.max(2, width * picture.height() / picture.width() / 2 * 2);
    List<String> rows = new ArrayList<>();
    for (int row = 0; row < height; row += 2) {
      StringBuilder text = new StringBuilder();
      for (int column = 0; column < width; column++) {
        text.append("\u001B[38;2;").append(mean(picture, row, column, height, width));
        text.append("m\u001B[48;2;").append(mean(picture, row + 1, column, height, width));
        text.append("m▀");
      }
      rows.add(text.append("\u001B[0m").toString());
    }
    return rows;
  }

  /** The mean colour of cell (row, column) of a (height, width) grid over the picture. */
  private static String mean(Picture picture, int row, int column, int height, int width) {
    int top = row * picture.height() / height;
    int bottom = Math.max(top + 1, (row + 1) * picture.height() / height);
    int left = column * picture.width() / width;
    int right = Math.max(left + 1, (column + 1) * picture.width() / width);
    int[] sums = new int[3];
    for (int y = top; y < bottom; y++) {
      for (int x = left; x < right; x++) {
        for (int channel = 0; channel < 3; channel++) {
          sums[channel] += picture.rgb()[(y * picture.width() + x) * 3 + channel] & 255;
        }
      }
    }
    int count = (bottom - top) * (right - left);
    return sums[0] / count + ";" + sums[1] / count + ";" + sums[2] / count;
  }

  private void table(Section.Table section) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(section.headers());
    rows.addAll(section.rows());
    int columns = 0;
    for (List<String> row : rows) {
      columns = Math.max(columns, row.size());
    }
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder cells = new StringBuilder(" ");
      for (int i = 0; i < row.size(); i++) {
        String cell = row.get(i);
        cells.append(' ').append(i == 0 ? left(cell, widths[i]) : "  " + right(cell, widths[i]));
      }
      line(cells.toString());
    }
  }

  private void wrapped(String paragraphs) {
    for (String paragraph : paragraphs.split("\n", -1)) {
      StringBuilder current = new StringBuilder();
      for (String word : paragraph.split(" ", -1)) {
        if (!current.isEmpty() && current.length() + 1 + word.length() > LINE) {
          line(current.toString());
          current.setLength(0);
        }
        current.append(current.isEmpty() ? "" : " ").append(word);
      }
      line(current.toString());
    }
  }

  private static String left(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  private static String right(String text, int width) {
    return " ".repeat(Math.max(0, width - text.length())) + text;
  }

  private void line(String text) {
    out.append(text.stripTrailing()).append('\n');
  }
}
