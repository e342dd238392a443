package dev.diptych.clip.explain;

/**
 * Colours for numbers from 0 to 1 that grow evenly lighter: black, violet, red, orange, light
 * yellow. They are laid out in Oklab (Ottosson 2020), whose lightness matches the eye's, so equal
 * steps of value look like equal steps, and the order survives in print and for the colour blind.
 */
final class HeatColours {
  private static final int COUNT = 256;
  private static final double DARKEST = 0.1;
  private static final double LIGHTEST = 0.95;
  private static final double CHROMA = 0.19; // at mid-lightness: about the most that sRGB can show
  private static final double FIRST_HUE = Math.toRadians(-65); // violet
  private static final double LAST_HUE = Math.toRadians(105); // yellow
  private static final int[] TABLE = table();

  private HeatColours() {}

  /** The colour of {@code value}, 0xRRGGBB; below 0 as 0, above 1 as 1. */
  static int rgb(double value) {
    return TABLE[Math.clamp(Math.round(value * (COUNT - 1)), 0, COUNT - 1)];
  }

  private static int[] table() {
    int[] table = new int[COUNT];
    for (int i = 0; i < COUNT; i++) {
      double t = i / (COUNT - 1.0);
      double lightness = DARKEST + (LIGHTEST - DARKEST) * t;
      double chroma = CHROMA * Math.sin(Math.PI * Math.min(1, 0.06 + 0.85 * t));
      double hue = FIRST_HUE + (LAST_HUE - FIRST_HUE) * t;
      table[i] = oklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
    }
    return table;
  }

  /** Oklab to 8-bit sRGB; what sRGB cannot show is cut off channel by channel. */
  private static int oklab(double lightness, double a, double b) {
    double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
    double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
    double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
    return channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s) << 16
        | channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s) << 8
        | channel(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
  }

  private static double cube(double x) {
    return x * x * x;
  }

  /** The transfer function of sRGB (IEC 61966-2-1). */
  private static int channel(double linear) {
    double x = Math.clamp(linear, 0, 1);
    double encoded = x <= 0.0031308 ? 12.92 * x : 1.055 * Math.pow(x, 1 / 2.4) - 0.055;
    return (int) Math.round(255 * encoded);
  }
}
