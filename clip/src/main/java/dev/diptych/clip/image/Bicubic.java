package dev.diptych.clip.image;

import java.util.concurrent.ConcurrentHashMap;

/**
 * Bicubic resizing exactly as Pillow does it: the same bits for the same pixels.
 *
 * <p>The filter is Keys' cubic convolution (1981, equation 4) with a = −0.5, stretched by the scale
 * when shrinking so that it is also the low-pass filter. Weights are normalised in double precision
 * and rounded to 22-bit fixed point; the rows are filtered first and rounded to bytes, then the
 * columns.
 */
public final class Bicubic {
  private static final int PRECISION = 32 - 8 - 2;
  private static final int HALF = 1 << (PRECISION - 1);
  private static final double SUPPORT = 2;

  /** Tables kept: enough for the sizes of a data set of photographs, a few megabytes at most. */
  private static final int TABLES = 256;

  private static final ConcurrentHashMap<Stretch, Weights> CACHE = new ConcurrentHashMap<>();

  private Bicubic() {}

  /** One axis: {@code in} pixels become {@code out}, of which [first, first + count) are wanted. */
  private record Stretch(int in, int out, int first, int count) {}

  /** For each wanted pixel: where its window starts, how many taps it has, and the taps. */
  @SuppressWarnings("ArrayRecordComponent") // a table, never compared
  private record Weights(int taps, int[] start, int[] length, int[] value) {}

  /**
   * The whole of {@code picture} at {@code width} × {@code height}.
   *
   * @throws IllegalArgumentException if a size is below 1
   */
  public static Picture resize(Picture picture, int width, int height) {
    return resize(picture, new Box(0, 0, picture.width(), picture.height()), width, height);
  }

  /**
   * The part of {@code picture} inside {@code source} at {@code width} × {@code height}, as if it
   * had been cut out first: no pixel outside of it counts.
   *
   * @throws IllegalArgumentException if a size is below 1 or the box is not inside the picture
   */
  public static Picture resize(Picture picture, Box source, int width, int height) {
    return resize(picture, source, width, height, new Box(0, 0, width, height));
  }

  /**
   * The part {@code window} of what {@link #resize(Picture, Box, int, int)} would give, without
   * computing the rest: a line of 60,000 × 1 pixels would become gigabytes before its middle is cut
   * out.
   *
   * @throws IllegalArgumentException if a size is below 1 or a box is not inside its picture
   */
  public static Picture resize(Picture picture, Box source, int width, int height, Box window) {
    source.checkInside("source", picture.width(), picture.height());
    window.checkInside("window", width, height);
    byte[] pixels = picture.rgb();
    int stride = 3 * picture.width();
    int offset = source.y() * stride + 3 * source.x();
    if (width == source.width() && height == source.height()) {
      return cut(pixels, offset, stride, window);
    }
    int firstRow = window.y();
    int rows = window.height();
    Weights vertical = null;
    if (height != source.height()) {
      vertical = weights(source.height(), height, window.y(), window.height());
      int last = window.height() - 1;
      firstRow = vertical.start[0];
      rows = vertical.start[last] + vertical.length[last] - firstRow;
    }
    if (width == source.width()) {
      offset += firstRow * stride + 3 * window.x();
    } else {
      if (3L * rows * window.width() > Integer.MAX_VALUE - 8) {
        throw new IllegalArgumentException(
            "Bicubic: " + window.width() + " columns of " + rows + " rows are too many");
      }
      byte[] narrow = new byte[3 * rows * window.width()];
      Weights horizontal = weights(source.width(), width, window.x(), window.width());
      filterRows(pixels, offset + firstRow * stride, stride, rows, horizontal, narrow);
      pixels = narrow;
      stride = 3 * window.width();
      offset = 0;
    }
    if (vertical == null) {
      return cut(pixels, offset, stride, new Box(0, 0, window.width(), window.height()));
    }
    byte[] result = new byte[3 * window.width() * window.height()];
    filterColumns(pixels, offset, stride, firstRow, vertical, 3 * window.width(), result);
    return new Picture(window.width(), window.height(), result);
  }

  private static Picture cut(byte[] pixels, int offset, int stride, Box window) {
    int bytes = 3 * window.width();
    byte[] result = new byte[bytes * window.height()];
    for (int y = 0; y < window.height(); y++) {
      int from = offset + (window.y() + y) * stride + 3 * window.x();
      System.arraycopy(pixels, from, result, y * bytes, bytes);
    }
    return new Picture(window.width(), window.height(), result);
  }

  private static void filterRows(
      byte[] in, int offset, int stride, int rows, Weights weights, byte[] out) {
    int[] value = weights.value;
    int o = 0;
    for (int y = 0; y < rows; y++) {
      int row = offset + y * stride;
      for (int x = 0; x < weights.start.length; x++) {
        int from = row + 3 * weights.start[x];
        int tap = x * weights.taps;
        int end = tap + weights.length[x];
        int r = HALF;
        int g = HALF;
        int b = HALF;
        for (int k = tap; k < end; k++, from += 3) {
          int w = value[k];
          r += w * (in[from] & 0xff);
          g += w * (in[from + 1] & 0xff);
          b += w * (in[from + 2] & 0xff);
        }
        out[o] = toByte(r);
        out[o + 1] = toByte(g);
        out[o + 2] = toByte(b);
        o += 3;
      }
    }
  }

  private static void filterColumns(
      byte[] in, int offset, int stride, int firstRow, Weights weights, int bytes, byte[] out) {
    int[] sum = new int[bytes];
    for (int y = 0; y < weights.start.length; y++) {
      java.util.Arrays.fill(sum, HALF);
      int from = offset + (weights.start[y] - firstRow) * stride;
      for (int k = 0; k < weights.length[y]; k++, from += stride) {
        int w = weights.value[y * weights.taps + k];
        for (int x = 0; x < bytes; x++) {
          sum[x] += w * (in[from + x] & 0xff);
        }
      }
      for (int x = 0; x < bytes; x++) {
        out[y * bytes + x] = toByte(sum[x]);
      }
    }
  }

  private static byte toByte(int sum) {
    return (byte) Math.clamp(sum >> PRECISION, 0, 255);
  }

  private static Weights weights(int in, int out, int first, int count) {
    var stretch = new Stretch(in, out, first, count);
    Weights known = CACHE.get(stretch);
    if (known != null) {
      return known;
    }
    Weights made = compute(stretch);
    if (made.value.length <= 1 << 16) {
      if (CACHE.size() >= TABLES) {
        CACHE.clear();
      }
      CACHE.put(stretch, made);
    }
    return made;
  }

  /** Pillow's precompute_coeffs and normalize_coeffs_8bpc, in the same order of operations. */
  private static Weights compute(Stretch stretch) {
    double scale = (double) stretch.in / stretch.out;
    double filterScale = Math.max(scale, 1);
    double support = SUPPORT * filterScale;
    double inverse = 1 / filterScale;
    int taps = Math.min((int) Math.ceil(support) * 2 + 1, stretch.in);
    int[] start = new int[stretch.count];
    int[] length = new int[stretch.count];
    int[] value = new int[Math.multiplyExact(taps, stretch.count)];
    double[] window = new double[taps];
    for (int i = 0; i < stretch.count; i++) {
      double centre = (stretch.first + i + 0.5) * scale;
      int low = Math.max((int) (centre - support + 0.5), 0);
      int size = Math.min((int) (centre + support + 0.5), stretch.in) - low;
      double sum = 0;
      for (int k = 0; k < size; k++) {
        window[k] = cubic((k + low - centre + 0.5) * inverse);
        sum += window[k];
      }
      for (int k = 0; k < size; k++) {
        double w = sum == 0 ? window[k] : window[k] / sum;
        value[i * taps + k] = (int) (Math.copySign(0.5, w) + w * (1 << PRECISION));
      }
      start[i] = low;
      length[i] = size;
    }
    return new Weights(taps, start, length, value);
  }

  private static double cubic(double x) {
    final double a = -0.5;
    double d = Math.abs(x);
    if (d < 1) {
      return ((a + 2) * d - (a + 3)) * d * d + 1;
    }
    return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
  }
}
