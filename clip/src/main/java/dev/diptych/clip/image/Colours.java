package dev.diptych.clip.image;

/** Conversions to RGB with the integer arithmetic of libjpeg and Pillow. */
final class Colours {
  private static final int HALF = 1 << 15;
  private static final int CR_TO_RED = fixed(1.402);
  private static final int CB_TO_BLUE = fixed(1.772);
  private static final int CR_TO_GREEN = fixed(0.71414);
  private static final int CB_TO_GREEN = fixed(0.34414);

  private Colours() {}

  private static int fixed(double x) {
    return (int) (x * 65536 + 0.5);
  }

  static void greyToRgb(byte[] grey, byte[] rgb) {
    for (int i = 0; i < grey.length; i++) {
      rgb[3 * i] = grey[i];
      rgb[3 * i + 1] = grey[i];
      rgb[3 * i + 2] = grey[i];
    }
  }

  /** JFIF's YCbCr, as jdcolor.c computes it; pixels of {@code step} bytes, in place if 3. */
  static void yccToRgb(byte[] ycc, int step, byte[] rgb) {
    for (int from = 0, to = 0; from < ycc.length; from += step, to += 3) {
      int y = ycc[from] & 0xff;
      int cb = (ycc[from + 1] & 0xff) - 128;
      int cr = (ycc[from + 2] & 0xff) - 128;
      rgb[to] = clamp(y + ((CR_TO_RED * cr + HALF) >> 16));
      rgb[to + 1] = clamp(y + ((-CB_TO_GREEN * cb - CR_TO_GREEN * cr + HALF) >> 16));
      rgb[to + 2] = clamp(y + ((CB_TO_BLUE * cb + HALF) >> 16));
    }
  }

  /** Adobe's YCCK to CMYK in place: the first three are the complement of RGB. */
  static void ycckToCmyk(byte[] pixels) {
    for (int i = 0; i < pixels.length; i += 4) {
      int y = pixels[i] & 0xff;
      int cb = (pixels[i + 1] & 0xff) - 128;
      int cr = (pixels[i + 2] & 0xff) - 128;
      pixels[i] = clamp(255 - (y + ((CR_TO_RED * cr + HALF) >> 16)));
      pixels[i + 1] = clamp(255 - (y + ((-CB_TO_GREEN * cb - CR_TO_GREEN * cr + HALF) >> 16)));
      pixels[i + 2] = clamp(255 - (y + ((CB_TO_BLUE * cb + HALF) >> 16)));
    }
  }

  /** CMYK stored as its complement, as Pillow takes every CMYK JPEG to be. */
  static void invertedCmykToRgb(byte[] cmyk, byte[] rgb) {
    for (int from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
      int notBlack = cmyk[from + 3] & 0xff;
      for (int c = 0; c < 3; c++) {
        int ink = 255 - (cmyk[from + c] & 0xff);
        int product = ink * notBlack + 128;
        rgb[to + c] = clamp(notBlack - (((product >> 8) + product) >> 8));
      }
    }
  }

  private static byte clamp(int v) {
    return (byte) Math.clamp(v, 0, 255);
  }
}
