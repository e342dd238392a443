package dev.diptych.kernels.elementwise;

/** Element-wise operations in plain loops of double. Oracle of {@link ElementwiseCpu}. */
public final class ElementwiseReference {
  private ElementwiseReference() {}

  /**
   * y = a ∘ b.
   *
   * @param a (N, C)
   * @param b (C)
   * @param y (N, C), written
   */
  public static void forward(
      ElementwiseDims d, Operation operation, double[] a, double[] b, double[] y) {
    for (int i = 0; i < d.size(); i++) {
      double other = b[i % d.c()];
      y[i] =
          switch (operation) {
            case ADD -> a[i] + other;
            case SUBTRACT -> a[i] - other;
            case MULTIPLY -> a[i] * other;
          };
    }
  }

  /** The gradients of {@link #forward}: da (N, C) is written, db (C) added to. */
  public static void backward(
      ElementwiseDims d,
      Operation operation,
      double[] a,
      double[] b,
      double[] dy,
      double[] da,
      double[] db) {
    for (int i = 0; i < d.size(); i++) {
      int j = i % d.c();
      da[i] = operation == Operation.MULTIPLY ? dy[i] * b[j] : dy[i];
      db[j] +=
          switch (operation) {
            case ADD -> dy[i];
            case SUBTRACT -> -dy[i];
            case MULTIPLY -> dy[i] * a[i];
          };
    }
  }

  /** y = factor·x; its gradient is dx = factor·dy, the same function. */
  public static void scale(double factor, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      y[i] = factor * x[i];
    }
  }

  /** y ← y + factor·x. */
  public static void accumulate(double factor, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      y[i] += factor * x[i];
    }
  }
}
