package dev.diptych.clip.report;

import java.util.Locale;

/** Draws {@link Section.Curves} as inline SVG whose colours come from the page's style. */
final class CurveChart {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 300;
  private static final int LEFT = 58;
  private static final int RIGHT = 16;
  private static final int TOP = 14;
  private static final int BOTTOM = 46;

  /** More points than this are thinned: the page stays small and a screen shows no more. */
  private static final int MOST_POINTS = 1200;

  private final StringBuilder out;
  private double xLow;
  private double xHigh;
  private double yLow;
  private double yHigh;

  private CurveChart(StringBuilder out) {
    this.out = out;
  }

  /** Appends the chart, or a sentence when there is nothing finite to draw. */
  static void draw(Section.Curves section, StringBuilder out) {
    new CurveChart(out).draw(section);
  }

  private void draw(Section.Curves section) {
    if (!measure(section)) {
      out.append("<p class=\"empty\">No values were recorded.</p>\n");
      return;
    }
    out.append(
        String.format(
            Locale.ROOT,
            "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
            WIDTH,
            HEIGHT,
            Xml.escape(section.title())));
    axes(section);
    for (int i = 0; i < section.curves().size(); i++) {
      curve(section.curves().get(i), i);
    }
    out.append("</svg>\n");
    legend(section);
  }

  private boolean measure(Section.Curves section) {
    xLow = Double.POSITIVE_INFINITY;
    xHigh = Double.NEGATIVE_INFINITY;
    yLow = Double.POSITIVE_INFINITY;
    yHigh = Double.NEGATIVE_INFINITY;
    for (Section.Curve curve : section.curves()) {
      for (int i = 0; i < curve.x().length; i++) {
        if (Double.isFinite(curve.x()[i]) && Double.isFinite(curve.y()[i])) {
          xLow = Math.min(xLow, curve.x()[i]);
          xHigh = Math.max(xHigh, curve.x()[i]);
          yLow = Math.min(yLow, curve.y()[i]);
          yHigh = Math.max(yHigh, curve.y()[i]);
        }
      }
    }
    if (xLow > xHigh) {
      return false;
    }
    if (section.percent()) {
      yLow = Math.min(0, yLow);
      yHigh = Math.max(1, yHigh);
    } else {
      yLow = yLow >= 0 && yLow < 0.5 * yHigh ? 0 : yLow; // a near zero belongs on the axis
      double margin = yHigh > yLow ? 0.04 * (yHigh - yLow) : Math.max(1e-6, Math.abs(yHigh) * 0.1);
      yHigh += margin;
      yLow = yLow == 0 ? 0 : yLow - margin;
    }
    if (xHigh == xLow) {
      xLow -= 0.5;
      xHigh += 0.5;
    }
    return true;
  }

  private double px(double x) {
    return LEFT + (x - xLow) / (xHigh - xLow) * (WIDTH - LEFT - RIGHT);
  }

  private double py(double y) {
    return HEIGHT - BOTTOM - (y - yLow) / (yHigh - yLow) * (HEIGHT - TOP - BOTTOM);
  }

  private void axes(Section.Curves section) {
    for (double tick : Ticks.between(yLow, yHigh, 6)) {
      double y = py(tick);
      line("grid", LEFT, y, WIDTH - RIGHT, y);
      String label = section.percent() ? Ticks.label(tick * 100) + " %" : Ticks.label(tick);
      text("tick end", LEFT - 8, y + 4, "", label);
    }
    double bottom = HEIGHT - BOTTOM;
    for (double tick : Ticks.between(xLow, xHigh, 8)) {
      double x = px(tick);
      line("axis", x, bottom, x, bottom + 5);
      text("tick middle", x, bottom + 19, "", Ticks.label(tick));
    }
    line("axis", LEFT, bottom, WIDTH - RIGHT, bottom);
    text("name middle", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "", section.xName());
    double middle = (TOP + bottom) / 2;
    String turn = String.format(Locale.ROOT, " transform=\"rotate(-90 13 %.1f)\"", middle);
    text("name middle", 13, middle, turn, section.yName());
  }

  private void curve(Section.Curve curve, int number) {
    int stride = Math.max(1, curve.x().length / MOST_POINTS);
    StringBuilder path = new StringBuilder();
    boolean drawing = false;
    for (int i = 0; i < curve.x().length; i++) {
      boolean last = i == curve.x().length - 1;
      if (i % stride != 0 && !last) {
        continue;
      }
      boolean finite = Double.isFinite(curve.x()[i]) && Double.isFinite(curve.y()[i]);
      if (finite) {
        path.append(drawing ? 'L' : 'M');
        path.append(String.format(Locale.ROOT, "%.1f %.1f", px(curve.x()[i]), py(curve.y()[i])));
      }
      drawing = finite;
    }
    String style = curve.guide() ? "guide" : "curve c" + number % 6;
    out.append("<path class=\"").append(style).append("\" d=\"").append(path).append("\"/>\n");
    if (curve.x().length <= 40 && !curve.guide()) {
      dots(curve, number);
    }
  }

  private void dots(Section.Curve curve, int number) {
    for (int i = 0; i < curve.x().length; i++) {
      if (Double.isFinite(curve.x()[i]) && Double.isFinite(curve.y()[i])) {
        out.append(
            String.format(
                Locale.ROOT,
                "<circle class=\"dot c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n",
                number % 6,
                px(curve.x()[i]),
                py(curve.y()[i])));
      }
    }
  }

  private void legend(Section.Curves section) {
    out.append("<p class=\"legend\">");
    for (int i = 0; i < section.curves().size(); i++) {
      Section.Curve curve = section.curves().get(i);
      String style = curve.guide() ? "guide" : "c" + i % 6;
      out.append("<span><i class=\"").append(style).append("\"></i>");
      out.append(Xml.escape(curve.name())).append("</span>\n");
    }
    out.append("</p>\n");
  }

  private void line(String style, double x1, double y1, double x2, double y2) {
    out.append(
        String.format(
            Locale.ROOT,
            "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
            style,
            x1,
            y1,
            x2,
            y2));
  }

  private void text(String style, double x, double y, String turn, String words) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n",
            style,
            x,
            y,
            turn,
            Xml.escape(words)));
  }
}
