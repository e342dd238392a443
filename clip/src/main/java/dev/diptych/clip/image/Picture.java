package dev.diptych.clip.image;

/**
 * A picture in 8-bit RGB.
 *
 * @param width columns, at least 1
 * @param height rows, at least 1
 * @param rgb the pixels (height, width, 3), row by row from the top left; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // megabytes: passed on, compared by nobody
public record Picture(int width, int height, byte[] rgb) {
  /** Checks that the pixels fill the picture. */
  public Picture {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          "Picture: expected 3·width·height bytes with width and height of at least 1, found "
              + width
              + "×"
              + height
              + " and "
              + rgb.length
              + " bytes");
    }
  }
}
