package dev.diptych.clip.image;

/**
 * What the original CLIP does to a picture before the image tower: bicubic scaling of the shortest
 * side to n, the n × n pixels in the centre, then (value/255 − mean)/std for each channel.
 *
 * <p>Equal to torchvision's {@code Resize, CenterCrop, ToTensor, Normalize} over Pillow to the last
 * bit, given the same RGB pixels.
 */
public final class Preprocess {
  private static final float[] MEAN = {0.48145466f, 0.4578275f, 0.40821073f};
  private static final float[] STD = {0.26862954f, 0.26130258f, 0.27577711f};

  private final int size;
  private final float[] mean;
  private final float[] std;

  /** For every channel the 256 values that a byte can become: the exact divisions, done once. */
  private final float[] table = new float[3 * 256];

  /**
   * Squares of {@code size} pixels with the mean and standard deviation of the original CLIP.
   *
   * @throws IllegalArgumentException if size is below 1 or above 16,384
   */
  public Preprocess(int size) {
    this(size, MEAN, STD);
  }

  /**
   * Squares of {@code size} pixels.
   *
   * @param mean of red, green, blue, as parts of 1
   * @param std of red, green, blue, as parts of 1
   * @throws IllegalArgumentException if size is below 1 or above 16,384, or mean or std does not
   *     have three values
   */
  public Preprocess(int size, float[] mean, float[] std) {
    if (size < 1 || size > 1 << 14 || mean.length != 3 || std.length != 3) {
      throw new IllegalArgumentException(
          "Preprocess: expected a size from 1 to 16384 and three values of mean and std, found "
              + size
              + ", "
              + mean.length
              + " and "
              + std.length);
    }
    this.size = size;
    this.mean = mean.clone();
    this.std = std.clone();
    for (int c = 0; c < 3; c++) {
      for (int v = 0; v < 256; v++) {
        table[256 * c + v] = (v / 255f - mean[c]) / std[c];
      }
    }
  }

  /** Pixels of one side of the result. */
  public int size() {
    return size;
  }

  /** The mean that is subtracted from red, green, blue. */
  public float[] mean() {
    return mean.clone();
  }

  /** The deviation that red, green, blue are divided by. */
  public float[] std() {
    return std.clone();
  }

  /** The square in the centre of {@code picture}, scaled to {@code size} × {@code size} pixels. */
  public Picture toSquare(Picture picture) {
    int w = picture.width();
    int h = picture.height();
    int newWidth = w <= h ? size : longSide(w, h);
    int newHeight = w <= h ? longSide(h, w) : size;
    var window = new Box(margin(newWidth), margin(newHeight), size, size);
    return Bicubic.resize(picture, new Box(0, 0, w, h), newWidth, newHeight, window);
  }

  /**
   * The part of a picture that {@link #toSquare} keeps, in the picture's own pixels. Its sides
   * differ a little in length when the longer side does not scale to a whole number.
   */
  public Area area(int width, int height) {
    int newWidth = width <= height ? size : longSide(width, height);
    int newHeight = width <= height ? longSide(height, width) : size;
    double x = (double) width / newWidth;
    double y = (double) height / newHeight;
    return new Area(margin(newWidth) * x, margin(newHeight) * y, size * x, size * y);
  }

  /** int(n·long/short), as torchvision computes it: rounded down after a division in double. */
  private int longSide(int longest, int shortest) {
    return (int) Math.min((double) ((long) size * longest) / shortest, Integer.MAX_VALUE - 1);
  }

  /** int(round((side − n)/2)) with halves to the even number, as Python rounds. */
  private int margin(int side) {
    return (int) Math.rint((side - size) / 2.0);
  }

  /**
   * Writes a square's pixels (n, n, 3) as normalised planes (3, n, n).
   *
   * @param square what {@link #toSquare} gave; any size is accepted
   * @param dst where to write 3·width·height floats
   * @param offset index of the first
   */
  public void normalise(Picture square, float[] dst, int offset) {
    byte[] rgb = square.rgb();
    int plane = square.width() * square.height();
    for (int i = 0; i < plane; i++) {
      dst[offset + i] = table[rgb[3 * i] & 0xff];
      dst[offset + plane + i] = table[256 + (rgb[3 * i + 1] & 0xff)];
      dst[offset + 2 * plane + i] = table[512 + (rgb[3 * i + 2] & 0xff)];
    }
  }
}
