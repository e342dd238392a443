package dev.diptych.kernels.gelu;

/** The equations of both GELUs in double. Oracle of {@link GeluCpu}. */
public final class GeluReference {
  private static final double SQRT_2_PI = Math.sqrt(2 * Math.PI);

  private GeluReference() {}

  /**
   * y = activation(x).
   *
   * @param x (N)
   * @param y (N), written
   */
  public static void forward(GeluDims d, double[] x, double[] y) {
    for (int i = 0; i < d.n(); i++) {
      y[i] =
          x[i]
              * switch (d.activation()) {
                case QUICK_GELU -> sigmoid(1.702 * x[i]);
                case GELU -> normalCdf(x[i]);
              };
    }
  }

  /** dx = dy·activation′(x); dx is written. */
  public static void backward(GeluDims d, double[] x, double[] dy, double[] dx) {
    for (int i = 0; i < d.n(); i++) {
      dx[i] =
          dy[i]
              * switch (d.activation()) {
                case QUICK_GELU -> {
                  double s = sigmoid(1.702 * x[i]);
                  yield s * (1 + 1.702 * x[i] * (1 - s));
                }
                case GELU -> normalCdf(x[i]) + x[i] * normalDensity(x[i]);
              };
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double normalDensity(double x) {
    return Math.exp(-0.5 * x * x) / SQRT_2_PI;
  }

  /**
   * Φ(x) = 1/2 + φ(x)·(x + x³/3 + x⁵/(3·5) + …), Marsaglia, "Evaluating the Normal Distribution"
   * (2004), equation 3; accurate to about 1e-16.
   */
  static double normalCdf(double x) {
    if (Math.abs(x) > 37) {
      return x < 0 ? 0 : 1; // Φ(−37) is 6e-300, and the sum would soon be too large for a double
    }
    double sum = x;
    double term = x;
    for (double i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
      term *= x * x / i;
      sum += term;
    }
    return 0.5 + sum * normalDensity(x);
  }
}
