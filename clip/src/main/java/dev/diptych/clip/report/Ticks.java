package dev.diptych.clip.report;

import java.util.Locale;

/** Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten. */
final class Ticks {
  private Ticks() {}

  /**
   * Round positions from {@code low} to {@code high}, both finite, about {@code wanted} of them.
   */
  static double[] between(double low, double high, int wanted) {
    double span = high - low;
    if (!(span > 0) || !Double.isFinite(span)) {
      return new double[] {low};
    }
    double rough = span / wanted;
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double[] factors = {1, 2, 5, 10};
    double step = 10 * power;
    for (double factor : factors) {
      if (factor * power >= rough * 0.999) {
        step = factor * power;
        break;
      }
    }
    long first = (long) Math.ceil(low / step - 1e-9);
    long last = (long) Math.floor(high / step + 1e-9);
    double[] ticks = new double[(int) Math.max(0, last - first + 1)];
    for (int i = 0; i < ticks.length; i++) {
      ticks[i] = (first + i) * step;
    }
    return ticks;
  }

  /** A tick's label: as few digits as tell it from its neighbours. */
  static String label(double value) {
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    if (size >= 1e6 || size < 1e-3) {
      return String.format(Locale.ROOT, "%.0e", value);
    }
    String digits = String.format(Locale.ROOT, "%.4f", value);
    digits = digits.replaceAll("0+$", "");
    digits = digits.endsWith(".") ? digits.substring(0, digits.length() - 1) : digits;
    return size >= 10_000 ? String.format(Locale.ROOT, "%,d", Math.round(value)) : digits;
  }
}
