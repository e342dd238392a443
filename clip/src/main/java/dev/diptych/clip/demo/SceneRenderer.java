package dev.diptych.clip.demo;

/**
 * Draws scenes: a software rasteriser with smooth edges. A pixel's coverage is read off the signed
 * distance of its centre from the outline, which ramps from 1 to 0 over the width of one pixel. It
 * needs no window system and gives the same bytes on every machine.
 */
public final class SceneRenderer {
  private SceneRenderer() {}

  /**
   * Draws {@code scene} as (size, size, 3) bytes: rows from the top, each pixel red, green, blue.
   */
  public static byte[] render(Scene scene, int size) {
    if (size < 1) {
      throw new IllegalArgumentException("picture size: must be at least 1, got " + size);
    }
    byte[] rgb = new byte[size * size * 3];
    paintBackground(scene, size, rgb);
    for (SceneObject object : scene.objects()) {
      paint(object, size, rgb);
    }
    return rgb;
  }

  private static void paintBackground(Scene scene, int size, byte[] rgb) {
    long state = scene.noiseSeed();
    int spread = 2 * scene.noise() + 1;
    int at = 0;
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < size; column++) {
        double place = (row + column + 1.0) / size - 1; // −1 to 1 along the diagonal
        state = state * 6364136223846793005L + 1442695040888963407L; // Knuth's MMIX generator
        int noise = (int) ((state >>> 33) % spread) - scene.noise();
        double level = scene.background() + scene.slope() * place + noise;
        byte grey = (byte) Math.clamp(Math.round(level), 0L, 255L);
        rgb[at++] = grey;
        rgb[at++] = grey;
        rgb[at++] = grey;
      }
    }
  }

  private static void paint(SceneObject object, int size, byte[] rgb) {
    double radius = object.radius() * size;
    double centreX = object.x() * size;
    double centreY = object.y() * size;
    // Math.sin may differ in the last bit between interpreter and compiler, StrictMath does not.
    double sin = StrictMath.sin(object.turn()) / radius;
    double cos = StrictMath.cos(object.turn()) / radius;
    int left = (int) Math.max(0, Math.floor(centreX - radius - 1));
    int right = (int) Math.min(size - 1.0, Math.ceil(centreX + radius + 1));
    int top = (int) Math.max(0, Math.floor(centreY - radius - 1));
    int bottom = (int) Math.min(size - 1.0, Math.ceil(centreY + radius + 1));
    Shape shape = object.thing().shape();
    int red = object.rgb() >> 16 & 255;
    int green = object.rgb() >> 8 & 255;
    int blue = object.rgb() & 255;
    for (int row = top; row <= bottom; row++) {
      double dy = centreY - (row + 0.5); // upwards
      for (int column = left; column <= right; column++) {
        double dx = column + 0.5 - centreX;
        double distance = shape.distance(dx * cos + dy * sin, dy * cos - dx * sin) * radius;
        if (distance < 0.5) {
          double coverage = Math.min(1, 0.5 - distance);
          int at = (row * size + column) * 3;
          rgb[at] = blend(rgb[at], red, coverage);
          rgb[at + 1] = blend(rgb[at + 1], green, coverage);
          rgb[at + 2] = blend(rgb[at + 2], blue, coverage);
        }
      }
    }
  }

  private static byte blend(byte under, int over, double coverage) {
    int below = under & 255;
    return (byte) Math.round(below + (over - below) * coverage);
  }
}
