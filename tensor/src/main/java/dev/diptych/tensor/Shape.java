package dev.diptych.tensor;

import java.util.Arrays;

/**
 * The lengths of a tensor's axes, outermost first; {@code ()} is the shape of a scalar. Immutable.
 * One tensor holds at most 2³¹ − 1 elements.
 */
public final class Shape {
  private static final Shape SCALAR = new Shape(new int[0]);

  private final int[] dims;
  private final int size;

  private Shape(int[] dims) {
    long product = 1;
    for (int dim : dims) {
      if (dim < 0) {
        throw new ShapeException("a shape has no negative lengths, got " + text(dims));
      }
      product *= dim;
      if (product > Integer.MAX_VALUE) {
        throw new ShapeException(
            "a tensor holds at most 2147483647 elements, the shape "
                + text(dims)
                + " has more: split it along its first axis");
      }
    }
    this.dims = dims;
    this.size = (int) product;
  }

  /** The shape of a scalar: no axes, one element. */
  public static Shape scalar() {
    return SCALAR;
  }

  /** The shape (a). */
  public static Shape of(int a) {
    return new Shape(new int[] {a});
  }

  /** The shape (a, b). */
  public static Shape of(int a, int b) {
    return new Shape(new int[] {a, b});
  }

  /** The shape (a, b, c). */
  public static Shape of(int a, int b, int c) {
    return new Shape(new int[] {a, b, c});
  }

  /** The shape (a, b, c, d). */
  public static Shape of(int a, int b, int c, int d) {
    return new Shape(new int[] {a, b, c, d});
  }

  /**
   * The shape with the lengths in {@code dims}, which are copied.
   *
   * @throws ShapeException if a length is negative or the product is 2³¹ or more
   */
  public static Shape ofDims(int[] dims) {
    return new Shape(dims.clone());
  }

  /** The number of axes. */
  public int rank() {
    return dims.length;
  }

  /** The length of an axis; negative numbers count from the end: −1 is the innermost. */
  public int dim(int axis) {
    int index = axis < 0 ? dims.length + axis : axis;
    if (index < 0 || index >= dims.length) {
      throw new ShapeException("axis " + axis + " does not exist in the shape " + this);
    }
    return dims[index];
  }

  /** The number of elements: the product of the lengths. */
  public int size() {
    return size;
  }

  /** The lengths, in a new array. */
  public int[] dims() {
    return dims.clone();
  }

  /** This shape with the length of one axis (negative from the end) replaced. */
  public Shape with(int axis, int length) {
    dim(axis);
    int[] changed = dims.clone();
    changed[axis < 0 ? dims.length + axis : axis] = length;
    return new Shape(changed);
  }

  /** Rows when all but the innermost axis are taken as one: size ÷ dim(−1); 1 for a scalar. */
  public int rows() {
    int rows = 1;
    for (int i = 0; i < dims.length - 1; i++) {
      rows *= dims[i];
    }
    return rows;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** The lengths in parentheses: {@code (8, 50, 768)}. */
  @Override
  public String toString() {
    return text(dims);
  }

  private static String text(int[] dims) {
    StringBuilder text = new StringBuilder("(");
    for (int i = 0; i < dims.length; i++) {
      text.append(i == 0 ? "" : ", ").append(dims[i]);
    }
    return text.append(')').toString();
  }
}
