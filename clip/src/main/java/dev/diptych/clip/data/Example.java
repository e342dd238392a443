package dev.diptych.clip.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A picture with its captions.
 *
 * @param key what the data set calls it: the name of the picture's file, or the common name of the
 *     members of a shard
 * @param pictureId the number of the picture in its source: 0, 1, 2, … for an indexed source, or
 *     (shard number · 2³² + number in the shard) for a stream of shards; the same in every run
 * @param picture the encoded picture
 * @param captions its captions, stripped and not empty; none only where {@link
 *     DataOptions#requireCaptions()} is off
 * @param label the class, as written in the {@code cls} member of a shard
 * @param metadata the {@code json} member of a shard, unread
 */
public record Example(
    String key,
    long pictureId,
    Blob picture,
    List<String> captions,
    @Nullable String label,
    @Nullable Blob metadata) {

  /** A picture with captions. */
  public Example {
    captions = List.copyOf(captions);
  }

  Example withPictureId(long id) {
    return new Example(key, id, picture, captions, label, metadata);
  }
}
