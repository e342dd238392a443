package dev.diptych.kernels.conv2d;

import java.util.Arrays;

/**
 * The rows of im2col, made when they are needed. Each pixel of a target picture has one row: the
 * numbers of the source picture that the kernel covers there, ordered by kernel row, kernel column
 * and channel, zeros where the kernel covers none.
 *
 * <p>Kernel place u of the target's pixel i covers the source's pixel (i·step + u − pad)/spread
 * where that is whole. The spread is what turns a convolution with a stride around: dx sees dy as
 * if stride − 1 zeros stood between its pixels.
 *
 * @param height of the target
 * @param width of the target
 * @param sourceHeight rows of pixels
 * @param sourceWidth columns of pixels
 * @param c channels of the source
 * @param kernelHeight rows of the kernel
 * @param kernelWidth columns of the kernel
 * @param step how far the kernel moves from pixel to pixel of the target
 * @param spread distance of the source's pixels on the grid on which the kernel moves
 * @param padY rows by which the first position of the kernel lies above the source
 * @param padX columns by which the first position of the kernel lies left of the source
 */
record Windows(
    int height,
    int width,
    int sourceHeight,
    int sourceWidth,
    int c,
    int kernelHeight,
    int kernelWidth,
    int step,
    int spread,
    int padY,
    int padX) {

  /** From x, a row for each pixel of y. */
  static Windows forward(Conv2dDims d) {
    return new Windows(
        d.outHeight(),
        d.outWidth(),
        d.height(),
        d.width(),
        d.c(),
        d.kernelHeight(),
        d.kernelWidth(),
        d.stride(),
        1,
        d.padding(),
        d.padding());
  }

  /** From dy, a row for each pixel of dx; meant for the kernel turned by 180°. */
  static Windows backward(Conv2dDims d) {
    return new Windows(
        d.height(),
        d.width(),
        d.outHeight(),
        d.outWidth(),
        d.o(),
        d.kernelHeight(),
        d.kernelWidth(),
        1,
        d.stride(),
        d.kernelHeight() - 1 - d.padding(),
        d.kernelWidth() - 1 - d.padding());
  }

  /** Numbers in a row. */
  int depth() {
    return kernelHeight * kernelWidth * c;
  }

  /**
   * Writes one row.
   *
   * @param row number of the target's pixel, counted through all pictures
   */
  void gather(float[] source, int offset, int row, float[] target, int begin) {
    int x = row % width * step - padX;
    int y = row / width % height * step - padY;
    int b = row / (width * height);
    int run = kernelWidth * c;
    for (int u = 0; u < kernelHeight; u++) {
      int at = begin + u * run;
      int line = y + u;
      if (line < 0 || line % spread != 0 || line / spread >= sourceHeight) {
        Arrays.fill(target, at, at + run, 0);
      } else {
        int from = offset + (b * sourceHeight + line / spread) * sourceWidth * c;
        if (spread == 1) {
          gatherRun(source, from, x, target, at);
        } else {
          gatherPixels(source, from, x, target, at);
        }
      }
    }
  }

  /** One kernel row over neighbouring pixels: one copy, and zeros where it leaves the picture. */
  private void gatherRun(float[] source, int from, int x, float[] target, int at) {
    int first = Math.clamp(-(long) x, 0, kernelWidth);
    int end = Math.clamp(sourceWidth - (long) x, first, kernelWidth);
    Arrays.fill(target, at, at + first * c, 0);
    System.arraycopy(source, from + (x + first) * c, target, at + first * c, (end - first) * c);
    Arrays.fill(target, at + end * c, at + kernelWidth * c, 0);
  }

  private void gatherPixels(float[] source, int from, int x, float[] target, int at) {
    for (int v = 0; v < kernelWidth; v++) {
      int column = x + v;
      int to = at + v * c;
      if (column < 0 || column % spread != 0 || column / spread >= sourceWidth) {
        Arrays.fill(target, to, to + c, 0);
      } else {
        System.arraycopy(source, from + column / spread * c, target, to, c);
      }
    }
  }
}
