package dev.diptych.clip.explain;

import dev.diptych.clip.image.Area;
import dev.diptych.clip.image.Picture;

/**
 * How much each part of a picture has to do with a text: a grid of values over the square that the
 * model sees. What lies outside of it, the model does not know.
 *
 * <p>Values of one map can be compared with each other; of two methods they cannot.
 *
 * @param rows cells from top to bottom
 * @param columns cells from left to right
 * @param values (rows, columns), row by row from the top left; not copied
 * @param area where in the picture the grid lies, in the picture's pixels
 */
@SuppressWarnings("ArrayRecordComponent") // numbers to look at, compared by nobody
public record HeatMap(int rows, int columns, float[] values, Area area) {
  /** How much of the colour covers the grey picture. */
  private static final double OPACITY = 0.6;

  /** How bright the picture stays where the model sees nothing. */
  private static final double UNSEEN = 0.5;

  /**
   * A point of a picture.
   *
   * @param x pixels from the left edge
   * @param y pixels from the upper edge
   */
  public record Point(double x, double y) {}

  /** Checks that there is a value for every cell. */
  public HeatMap {
    if (rows < 1 || columns < 1 || values.length != rows * columns) {
      throw new IllegalArgumentException(
          "HeatMap: %d values do not fill %d rows of %d".formatted(values.length, rows, columns));
    }
  }

  /**
   * The value at a point of the picture, linearly between the centres of cells, and constant
   * outside of the outermost centres.
   */
  public float at(double x, double y) {
    double column = Math.clamp((x - area.x()) / area.width() * columns - 0.5, 0, columns - 1);
    double row = Math.clamp((y - area.y()) / area.height() * rows - 0.5, 0, rows - 1);
    int left = (int) column;
    int top = (int) row;
    int right = Math.min(left + 1, columns - 1);
    int bottom = Math.min(top + 1, rows - 1);
    double across = column - left;
    double down = row - top;
    double upper =
        values[top * columns + left] * (1 - across) + values[top * columns + right] * across;
    double lower =
        values[bottom * columns + left] * (1 - across) + values[bottom * columns + right] * across;
    return (float) (upper * (1 - down) + lower * down);
  }

  /** The centre of the cell with the largest value, the first of several. */
  public Point peak() {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    int row = best / columns;
    int column = best % columns;
    return new Point(
        area.x() + (column + 0.5) * area.width() / columns,
        area.y() + (row + 0.5) * area.height() / rows);
  }

  /**
   * The picture in grey under the map in colour: black for its smallest value, then violet, red and
   * orange, and light yellow for its largest. What the model does not see stays without colour, at
   * half its brightness.
   *
   * @param picture the one that was explained
   * @throws IllegalArgumentException if the map does not lie inside the picture
   */
  public Picture overlay(Picture picture) {
    int width = picture.width();
    int height = picture.height();
    double slack = 1e-6 * Math.max(width, height);
    if (area.x() < -slack
        || area.y() < -slack
        || area.x() + area.width() > width + slack
        || area.y() + area.height() > height + slack) {
      throw new IllegalArgumentException(
          "HeatMap: the map covers %s, which a picture of %d×%d does not have"
              .formatted(area, width, height));
    }
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (float value : values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    double scale = high > low ? 1 / ((double) high - low) : 0;
    byte[] rgb = new byte[3 * width * height];
    for (int y = 0, i = 0; y < height; y++) {
      for (int x = 0; x < width; x++, i += 3) {
        int grey = luma(picture.rgb(), i);
        if (area.contains(x + 0.5, y + 0.5)) {
          double heat = (at(x + 0.5, y + 0.5) - low) * scale;
          int colour = HeatColours.rgb(heat);
          rgb[i] = blend(colour >> 16 & 255, grey);
          rgb[i + 1] = blend(colour >> 8 & 255, grey);
          rgb[i + 2] = blend(colour & 255, grey);
        } else {
          byte dimmed = (byte) Math.round(UNSEEN * grey);
          rgb[i] = dimmed;
          rgb[i + 1] = dimmed;
          rgb[i + 2] = dimmed;
        }
      }
    }
    return new Picture(width, height, rgb);
  }

  private static byte blend(int colour, int grey) {
    return (byte) Math.round(OPACITY * colour + (1 - OPACITY) * grey);
  }

  /** ITU-R BT.601, in thousandths. */
  private static int luma(byte[] rgb, int i) {
    return (299 * (rgb[i] & 255) + 587 * (rgb[i + 1] & 255) + 114 * (rgb[i + 2] & 255) + 500)
        / 1000;
  }
}
