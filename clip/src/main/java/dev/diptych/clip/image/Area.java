package dev.diptych.clip.image;

/**
 * A rectangle in a picture that need not begin or end at a pixel's edge. The first pixel reaches
 * from 0 to 1, so its centre is at 0.5.
 *
 * @param x the left edge
 * @param y the upper edge
 * @param width of the rectangle, in pixels
 * @param height of the rectangle, in pixels
 */
public record Area(double x, double y, double width, double height) {
  /** Whether the point lies inside, or on the left or upper edge. */
  public boolean contains(double pointX, double pointY) {
    return pointX >= x && pointX < x + width && pointY >= y && pointY < y + height;
  }
}
