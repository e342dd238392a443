package dev.diptych.kernels.averagepool;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of an average pooling.
 *
 * @param b pictures
 * @param height of x
 * @param width of x
 * @param c channels
 * @param k height and width of the squares that are averaged, and their distance
 */
public record AveragePoolDims(int b, int height, int width, int c, int k) {
  /** Checks that there are squares. */
  public AveragePoolDims {
    assert k > 0;
  }

  /** Rows of y. */
  public int outHeight() {
    return height / k;
  }

  /** Columns of y. */
  public int outWidth() {
    return width / k;
  }

  /** Elements of x. */
  public int inputFloats() {
    return b * height * width * c;
  }

  /** Elements of y. */
  public int outputFloats() {
    return b * outHeight() * outWidth() * c;
  }

  /** The least that either pass must do: move x and y once. */
  public Cost cost() {
    return new Cost(4L * ((long) inputFloats() + outputFloats()), inputFloats());
  }
}
