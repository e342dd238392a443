package dev.diptych.clip.image;

/** Turns and mirrors a picture as its Exif orientation says (Exif 2.3, tag 274). */
final class Orientation {
  private Orientation() {}

  /** {@code orientation} 1 is upright; 5 to 8 exchange width and height. */
  static Picture apply(Picture picture, int orientation) {
    if (orientation == 1) {
      return picture;
    }
    int w = picture.width();
    int h = picture.height();
    boolean transposed = orientation >= 5;
    int width = transposed ? h : w;
    int height = transposed ? w : h;
    byte[] from = picture.rgb();
    byte[] to = new byte[from.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int sourceX =
            switch (orientation) {
              case 2, 3 -> w - 1 - x;
              case 4 -> x;
              case 5, 6 -> y;
              default -> w - 1 - y;
            };
        int sourceY =
            switch (orientation) {
              case 2 -> y;
              case 3, 4 -> h - 1 - y;
              case 5, 8 -> x;
              default -> h - 1 - x;
            };
        System.arraycopy(from, 3 * (sourceY * w + sourceX), to, 3 * (y * width + x), 3);
      }
    }
    return new Picture(width, height, to);
  }
}
