package dev.diptych.clip.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** The pixels of a {@link BufferedImage} as they are stored, without Java's colour management. */
final class Rasters {
  private Rasters() {}

  /** Palette, grey (± alpha) or RGB (± alpha) of 1 to 16 bits a sample; alpha is dropped. */
  static Picture toPicture(BufferedImage image) {
    Raster raster = image.getRaster();
    int width = raster.getWidth();
    int height = raster.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    int bands = raster.getNumBands();
    int[] row = new int[bands * width];
    if (image.getColorModel() instanceof IndexColorModel colours) {
      int[] palette = new int[colours.getMapSize()];
      colours.getRGBs(palette);
      for (int y = 0, to = 0; y < height; y++) {
        raster.getPixels(0, y, width, 1, row);
        for (int x = 0; x < width; x++, to += 3) {
          int colour = row[x] < palette.length ? palette[row[x]] : 0;
          rgb[to] = (byte) (colour >> 16);
          rgb[to + 1] = (byte) (colour >> 8);
          rgb[to + 2] = (byte) colour;
        }
      }
      return new Picture(width, height, rgb);
    }
    int bits = raster.getSampleModel().getSampleSize(0);
    int green = bands >= 3 ? 1 : 0;
    int blue = bands >= 3 ? 2 : 0;
    int greenBits = raster.getSampleModel().getSampleSize(green);
    int blueBits = raster.getSampleModel().getSampleSize(blue);
    for (int y = 0, to = 0; y < height; y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++, to += 3) {
        rgb[to] = toByte(row[bands * x], bits);
        rgb[to + 1] = toByte(row[bands * x + green], greenBits);
        rgb[to + 2] = toByte(row[bands * x + blue], blueBits);
      }
    }
    return new Picture(width, height, rgb);
  }

  private static byte toByte(int value, int bits) {
    return (byte)
        (bits == 8 ? value : bits > 8 ? value >> (bits - 8) : value * 255 / ((1 << bits) - 1));
  }
}
