package dev.diptych.clip.doctor;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Measured numbers with as many digits as they deserve. */
final class Rounded {
  private Rounded() {}

  /** {@code value} with so many significant digits. */
  static double to(int digits, double value) {
    return Double.isFinite(value)
        ? new BigDecimal(value).round(new MathContext(digits)).doubleValue()
        : value;
  }

  /** Three significant digits, without an exponent. */
  static String text(double value) {
    double size = Math.abs(value);
    return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
  }
}
