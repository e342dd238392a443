package dev.diptych.clip.demo;

/** The colours of the drawn things: six that stay apart on every grey and under a little jitter. */
public enum Colour {
  /** Red. */
  RED(222, 38, 42),
  /** Green. */
  GREEN(38, 168, 58),
  /** Blue. */
  BLUE(44, 76, 228),
  /** Yellow. */
  YELLOW(244, 214, 34),
  /** Purple. */
  PURPLE(158, 46, 196),
  /** Cyan. */
  CYAN(48, 208, 224);

  private final int rgb;

  Colour(int red, int green, int blue) {
    this.rgb = red << 16 | green << 8 | blue;
  }

  /** The word in captions. */
  public String word() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /** The colour before jitter, as 0xRRGGBB. */
  public int rgb() {
    return rgb;
  }
}
