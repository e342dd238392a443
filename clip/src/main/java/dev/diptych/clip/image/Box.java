package dev.diptych.clip.image;

/**
 * A rectangle of pixels.
 *
 * @param x the left column
 * @param y the upper row
 * @param width columns, at least 1
 * @param height rows, at least 1
 */
public record Box(int x, int y, int width, int height) {
  /** Checks that it holds a pixel. */
  public Box {
    if (x < 0 || y < 0 || width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "Box: expected x, y ≥ 0 and width, height ≥ 1, found x "
              + x
              + ", y "
              + y
              + ", "
              + width
              + "×"
              + height);
    }
  }

  void checkInside(String name, int columns, int rows) {
    if (x > columns - width || y > rows - height) {
      throw new IllegalArgumentException(
          "Bicubic: " + name + " " + this + " is not inside a picture of " + columns + "×" + rows);
    }
  }
}
