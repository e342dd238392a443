package dev.diptych.clip.image;

/** From the planes of VP8 to RGB with the integer arithmetic of libwebp. */
final class Vp8Colours {
  private Vp8Colours() {}

  static Picture toPicture(Vp8Plane luma, Vp8Plane blue, Vp8Plane red, int width, int height) {
    byte[] rgb = new byte[Math.multiplyExact(3, width * height)];
    int rows = (height + 1) / 2;
    for (int y = 0, to = 0; y < height; y++) {
      int other = Math.clamp((y >> 1) + ((y & 1) == 0 ? -1 : 1), 0, rows - 1);
      int near = blue.at(0, y >> 1);
      int vertical = blue.at(0, other);
      for (int x = 0; x < width; x++, to += 3) {
        int at = x >> 1;
        int step = x == 0 || x == width - 1 ? ((x & 1) == 0 && x > 0 ? -1 : 0) : (x & 1) * 2 - 1;
        int u = mix(blue, near + at, vertical + at, step);
        int v = mix(red, near + at, vertical + at, step);
        int light = (luma.get(luma.at(x, y)) * 19077) >> 8;
        rgb[to] = toByte(light + ((v * 26149) >> 8) - 14234);
        rgb[to + 1] = toByte(light - ((u * 6419) >> 8) - ((v * 13320) >> 8) + 8708);
        rgb[to + 2] = toByte(light + ((u * 33050) >> 8) - 17685);
      }
    }
    return new Picture(width, height, rgb);
  }

  /**
   * (9 near + 3 beside + 3 above or below + diagonal)/16 with the roundings of libwebp; without a
   * neighbour at the side ({@code step} 0), (3 near + above or below)/4.
   */
  private static int mix(Vp8Plane plane, int near, int vertical, int step) {
    int n = plane.get(near);
    int v = plane.get(vertical);
    if (step == 0) {
      return (3 * n + v + 2) >> 2;
    }
    int sum = n + 3 * (plane.get(near + step) + v) + plane.get(vertical + step) + 8;
    return ((sum >> 3) + n) >> 1;
  }

  private static byte toByte(int v) {
    return (byte) Math.clamp(v >> 6, 0, 255);
  }
}
