package dev.diptych.clip.report;

import java.util.Objects;

/**
 * A small picture.
 *
 * @param width in pixels
 * @param height in pixels
 * @param rgb (height, width, 3) bytes, rows from the top
 * @param description what it shows, for readers who cannot see it
 */
public record Thumbnail(int width, int height, byte[] rgb, String description) {
  /** Refuses bytes that are not as many as the size says. */
  public Thumbnail {
    Objects.requireNonNull(description);
    if (width < 1 || height < 1 || (long) width * height * 3 != rgb.length) {
      throw new IllegalArgumentException(
          "thumbnail: "
              + (width + "×" + height)
              + (" pixels need " + (long) width * height * 3 + " bytes, got " + rgb.length));
    }
  }
}
