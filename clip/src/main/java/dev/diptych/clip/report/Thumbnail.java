package dev.diptych.clip.report;

import dev.diptych.clip.image.Picture;
import java.util.Objects;

/**
 * A small picture in a report.
 *
 * @param picture the pixels
 * @param description what it shows, for readers who cannot see it
 */
public record Thumbnail(Picture picture, String description) {
  /** Refuses a thumbnail without a description. */
  public Thumbnail {
    Objects.requireNonNull(description);
  }
}
