package dev.diptych.tensor;

/**
 * Integers with a shape: token ids, positions, targets. Row-major, never a view.
 *
 * @param shape the lengths of the axes
 * @param data the elements, shared, not copied
 */
public record IntTensor(Shape shape, int[] data) {
  /** Checks that there are as many elements as the shape says. */
  public IntTensor {
    if (data.length != shape.size()) {
      throw new ShapeException(
          "an int tensor of shape %s has %d elements, got %d"
              .formatted(shape, shape.size(), data.length));
    }
  }

  /**
   * Checks that every element lies in {@code [0, limit)}.
   *
   * @param op name of the op, for the message
   * @param operand name of this tensor, for the message
   * @throws IllegalArgumentException naming the first element that does not
   */
  public void requireBelow(String op, String operand, int limit) {
    for (int i = 0; i < data.length; i++) {
      if (data[i] < 0 || data[i] >= limit) {
        throw new IllegalArgumentException(
            "%s: %s must lie in 0..%d, element %d of %s is %d"
                .formatted(op, operand, limit - 1, i, shape, data[i]));
      }
    }
  }
}
