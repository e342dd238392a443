package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How to read a source. Start from {@link #DEFAULT} and change what differs.
 *
 * @param imageKey the column of a table that holds the path of the picture ({@code --csv-img-key});
 *     null looks for {@code filepath}, {@code image}, {@code path} and their like
 * @param captionKey the column that holds the caption ({@code --csv-caption-key}); null looks for
 *     {@code title}, {@code caption}, {@code text} and their like
 * @param separator the separator of a table; null finds out among tab, comma, semicolon and bar
 * @param imageRoot the folder that relative paths in a table start from; null: the table's own
 *     folder, then {@code Images/} and {@code images/} within it
 * @param split the part of a JSON of Karpathy's that is read, such as {@code test}; {@code train}
 *     includes {@code restval}; null reads all. Where there are no parts it means nothing
 * @param requireCaptions whether a picture without a caption is a bad record; off for sets of
 *     pictures with a class only
 * @param badLimit how many bad records to put up with
 * @param streaming whether shards are read as a stream instead of being indexed first: for sets too
 *     large to hold their captions in memory
 * @param shuffleBuffer how many examples the shuffle buffer of a stream holds
 */
public record DataOptions(
    @Nullable String imageKey,
    @Nullable String captionKey,
    @Nullable Character separator,
    @Nullable Path imageRoot,
    @Nullable String split,
    boolean requireCaptions,
    BadLimit badLimit,
    boolean streaming,
    int shuffleBuffer) {

  /** Columns and separator found out, captions required, shards indexed. */
  public static final DataOptions DEFAULT =
      new DataOptions(null, null, null, null, null, true, BadLimit.DEFAULT, false, 10_000);

  /** Options; the buffer must hold at least one example. */
  public DataOptions {
    if (shuffleBuffer < 1) {
      throw new IllegalArgumentException("shuffle buffer: expected >= 1, found " + shuffleBuffer);
    }
  }

  /** The same with these columns; null finds out. */
  public DataOptions withColumns(@Nullable String image, @Nullable String caption) {
    return new DataOptions(
        image,
        caption,
        separator,
        imageRoot,
        split,
        requireCaptions,
        badLimit,
        streaming,
        shuffleBuffer);
  }

  /** The same with this separator; null finds out. */
  public DataOptions withSeparator(@Nullable Character newSeparator) {
    return new DataOptions(
        imageKey,
        captionKey,
        newSeparator,
        imageRoot,
        split,
        requireCaptions,
        badLimit,
        streaming,
        shuffleBuffer);
  }

  /**
   * The separator that a user wrote, {@code \\t} being a tab; null stays null.
   *
   * @throws UserException if it is not one character
   */
  public static @Nullable Character parseSeparator(@Nullable String text) {
    if (text == null) {
      return null;
    }
    String plain = text.replace("\\t", "\t");
    if (plain.length() != 1) {
      throw new UserException("--csv-separator must be one character, got '" + text + "'");
    }
    return plain.charAt(0);
  }

  /** The same with relative paths starting from {@code root}. */
  public DataOptions withImageRoot(@Nullable Path root) {
    return new DataOptions(
        imageKey,
        captionKey,
        separator,
        root,
        split,
        requireCaptions,
        badLimit,
        streaming,
        shuffleBuffer);
  }

  /** The same with this part of a JSON of Karpathy's; null reads all. */
  public DataOptions withSplit(@Nullable String part) {
    return new DataOptions(
        imageKey,
        captionKey,
        separator,
        imageRoot,
        part,
        requireCaptions,
        badLimit,
        streaming,
        shuffleBuffer);
  }

  /** The same with captions required or not. */
  public DataOptions withRequireCaptions(boolean required) {
    return new DataOptions(
        imageKey,
        captionKey,
        separator,
        imageRoot,
        split,
        required,
        badLimit,
        streaming,
        shuffleBuffer);
  }

  /** The same with this limit of bad records. */
  public DataOptions withBadLimit(BadLimit limit) {
    return new DataOptions(
        imageKey,
        captionKey,
        separator,
        imageRoot,
        split,
        requireCaptions,
        limit,
        streaming,
        shuffleBuffer);
  }

  /** The same, reading shards as a stream through a buffer of {@code buffer} examples. */
  public DataOptions withStreaming(int buffer) {
    return new DataOptions(
        imageKey, captionKey, separator, imageRoot, split, requireCaptions, badLimit, true, buffer);
  }
}
