package dev.diptych.kernels.conv2d;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a convolution.
 *
 * @param b pictures
 * @param height of x in pixels
 * @param width of x in pixels
 * @param c channels of x
 * @param o channels of y
 * @param kernelHeight rows of the kernel
 * @param kernelWidth columns of the kernel
 * @param stride pixels of x from one pixel of y to the next, both ways
 * @param padding rows and columns of zeros on each side of x
 */
public record Conv2dDims(
    int b,
    int height,
    int width,
    int c,
    int o,
    int kernelHeight,
    int kernelWidth,
    int stride,
    int padding) {

  /** Checks that the kernel fits into the padded picture. */
  public Conv2dDims {
    assert stride > 0 && padding >= 0 && kernelHeight > 0 && kernelWidth > 0;
    assert height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth;
  }

  /** OH, rows of y. */
  public int outHeight() {
    return (height + 2 * padding - kernelHeight) / stride + 1;
  }

  /** OW, columns of y. */
  public int outWidth() {
    return (width + 2 * padding - kernelWidth) / stride + 1;
  }

  /** Pixels of y in all pictures: rows of im2col. */
  public int rows() {
    return b * outHeight() * outWidth();
  }

  /** Numbers of x under the kernel: columns of im2col. */
  public int depth() {
    return kernelHeight * kernelWidth * c;
  }

  /** Elements of x. */
  public int inputFloats() {
    return b * height * width * c;
  }

  /** Elements of W. */
  public int weightFloats() {
    return o * depth();
  }

  /** Elements of y. */
  public int outputFloats() {
    return rows() * o;
  }

  /** The same convolution of {@code count} pictures. */
  Conv2dDims withPictures(int count) {
    return new Conv2dDims(count, height, width, c, o, kernelHeight, kernelWidth, stride, padding);
  }

  /** Whether im2col(x) is x itself, so that the convolution is a product of two matrices. */
  boolean isMatmul() {
    return kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding == 0;
  }

  /** The least that any of the three passes must do: read two of x, W and y, write the third. */
  public Cost cost() {
    long floats = (long) inputFloats() + weightFloats() + outputFloats();
    return new Cost(4 * floats, 2L * rows() * depth() * o);
  }
}
