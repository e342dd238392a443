package dev.diptych.clip.image;

import java.util.random.RandomGenerator;

/**
 * Random rectangles for training, as torchvision's RandomResizedCrop with bicubic scaling: a part
 * of the area within the scale range and of an aspect within the ratio range, anywhere in the
 * picture, becomes a square; then perhaps mirrored.
 *
 * @param size pixels of one side of the result
 * @param minScale least part of the area, above 0
 * @param maxScale greatest part of the area, at most 1
 * @param minRatio least width/height
 * @param maxRatio greatest width/height
 * @param flip probability of mirroring left and right
 */
public record Augment(
    int size, double minScale, double maxScale, double minRatio, double maxRatio, double flip) {
  private static final int TRIES = 10;

  /** Checks the ranges. */
  public Augment {
    if (size < 1
        || !(minScale > 0 && minScale <= maxScale && maxScale <= 1)
        || !(minRatio > 0 && minRatio <= maxRatio && maxRatio < Double.POSITIVE_INFINITY)
        || !(flip >= 0 && flip <= 1)) {
      throw new IllegalArgumentException(
          "Augment: expected size ≥ 1, 0 < minScale ≤ maxScale ≤ 1, 0 < minRatio ≤ maxRatio and"
              + " 0 ≤ flip ≤ 1, found size "
              + size
              + ", scale "
              + minScale
              + " to "
              + maxScale
              + ", ratio "
              + minRatio
              + " to "
              + maxRatio
              + ", flip "
              + flip);
    }
  }

  /** As CLIP was trained: 0.9 to 1 of the area, 3/4 to 4/3 wide, not mirrored. */
  public Augment(int size) {
    this(size, 0.9, 1, 3.0 / 4, 4.0 / 3, 0);
  }

  /** A random part of {@code picture} as {@code size} × {@code size} pixels. */
  public Picture apply(Picture picture, RandomGenerator random) {
    Box box = choose(picture.width(), picture.height(), random);
    Picture square = Bicubic.resize(picture, box, size, size);
    return flip > 0 && random.nextDouble() < flip ? Orientation.apply(square, 2) : square;
  }

  /** The rectangle: ten tries, then the largest in the centre that keeps the ratio range. */
  Box choose(int width, int height, RandomGenerator random) {
    double area = (double) width * height;
    for (int i = 0; i < TRIES; i++) {
      double target = area * (minScale + (maxScale - minScale) * random.nextDouble());
      double low = StrictMath.log(minRatio);
      double aspect = StrictMath.exp(low + (StrictMath.log(maxRatio) - low) * random.nextDouble());
      int w = (int) Math.rint(Math.sqrt(target * aspect));
      int h = (int) Math.rint(Math.sqrt(target / aspect));
      if (w > 0 && w <= width && h > 0 && h <= height) {
        int y = random.nextInt(height - h + 1);
        int x = random.nextInt(width - w + 1);
        return new Box(x, y, w, h);
      }
    }
    double ratio = (double) width / height;
    int w = width;
    int h = height;
    if (ratio < minRatio) {
      h = Math.clamp((long) Math.rint(w / minRatio), 1, height);
    } else if (ratio > maxRatio) {
      w = Math.clamp((long) Math.rint(h * maxRatio), 1, width);
    }
    return new Box((width - w) / 2, (height - h) / 2, w, h);
  }
}
