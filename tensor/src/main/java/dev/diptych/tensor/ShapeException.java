package dev.diptych.tensor;

/**
 * Tensors that do not fit an op or each other. The message names the op, the operand, what it must
 * be and what it is: {@code layer_norm: w must be (C)=(768) to match x (8, 50, 768), got (512)}.
 */
public final class ShapeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** A misfit described by {@code message}. */
  public ShapeException(String message) {
    super(message);
  }

  /**
   * Checks that an operand has the shape that an op needs.
   *
   * @param op name of the op
   * @param operand name of the operand
   * @param symbols the shape in symbols, such as {@code (C)}
   * @param expected the shape in numbers
   * @param because what makes it so, such as {@code "to match x (8, 50, 768)"}
   * @throws ShapeException if {@code found} has another shape
   */
  public static void require(
      String op, String operand, String symbols, Shape expected, String because, Tensor found) {
    if (!found.shape().equals(expected)) {
      throw new ShapeException(
          "%s: %s must be %s=%s %s, got %s"
              .formatted(op, operand, symbols, expected, because, found.shape()));
    }
  }

  /**
   * Checks that an operand has at least so many axes.
   *
   * @throws ShapeException if it has fewer
   */
  public static void requireRank(String op, String operand, int atLeast, Tensor found) {
    if (found.rank() < atLeast) {
      throw new ShapeException(
          "%s: %s must have at least %d axes, got the shape %s"
              .formatted(op, operand, atLeast, found.shape()));
    }
  }
}
