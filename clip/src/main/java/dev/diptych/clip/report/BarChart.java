package dev.diptych.clip.report;

import java.util.List;
import java.util.Locale;

/**
 * Horizontal bars around a line at 1, as an SVG file of its own that is readable on a light and on
 * a dark page.
 */
public final class BarChart {
  private static final int WIDTH = 760;
  private static final int LEFT = 300;
  private static final int RIGHT = 48;
  private static final int TOP = 52;
  private static final int ROW = 17;

  /** A longer bar is cut here, so that the others can be told apart; its figure is written. */
  private static final double MOST = 4;

  /**
   * A bar.
   *
   * @param name what it is of
   * @param value 0 or more; a value from 1 on is drawn in another colour than one below
   */
  public record Bar(String name, double value) {}

  private BarChart() {}

  /** The picture. */
  public static String svg(String title, List<Bar> bars) {
    double high =
        Math.min(MOST, Math.max(1, bars.stream().mapToDouble(Bar::value).max().orElse(1)));
    double unit = (WIDTH - LEFT - RIGHT) / high;
    int bottom = TOP + ROW * bars.size();
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                + " font-family=\"sans-serif\" font-size=\"11\" fill=\"#777\">%n<title>%s</title>%n"
                + "<text x=\"8\" y=\"20\" font-size=\"13\">%s</text>%n",
            WIDTH,
            bottom + 12,
            Xml.escape(title),
            Xml.escape(title)));
    for (double tick : Ticks.between(0, high, 6)) {
      double x = LEFT + tick * unit;
      out.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#8884\"/>"
                  + "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
              x,
              TOP - 4,
              x,
              bottom,
              x,
              TOP - 9,
              Ticks.label(tick)));
    }
    for (int i = 0; i < bars.size(); i++) {
      bar(out, bars.get(i), TOP + ROW * i, unit);
    }
    double one = LEFT + unit;
    out.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#888\"/>%n</svg>%n",
            one,
            TOP - 4,
            one,
            bottom));
    return out.toString();
  }

  private static void bar(StringBuilder out, Bar bar, int y, double unit) {
    double length = Math.min(MOST, bar.value()) * unit;
    out.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text><rect x=\"%d\" y=\"%d\""
                + " width=\"%.1f\" height=\"%d\" fill=\"%s\"/><text x=\"%.1f\""
                + " y=\"%d\">%.2f</text>%n",
            LEFT - 8,
            y + 12,
            Xml.escape(bar.name()),
            LEFT,
            y + 2,
            length,
            ROW - 4,
            bar.value() >= 1 ? "#2f855a" : "#2b6cb0",
            LEFT + length + 4,
            y + 12,
            bar.value()));
  }
}
