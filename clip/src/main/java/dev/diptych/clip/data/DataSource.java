package dev.diptych.clip.data;

import dev.diptych.clip.UserException;

/** Pictures with captions, found but not yet read: all of them known, or a stream of shards. */
public sealed interface DataSource permits IndexedSource, ShardStream {

  /**
   * Opens what {@code spec} names: a tar shard; many, by braces ({@code a-{000000..000003}.tar}); a
   * CSV or TSV table; Flickr's {@code captions.txt} or {@code .token} file; COCO's {@code
   * captions_*.json} or Karpathy's {@code dataset_*.json}; a folder with one of these in it; or
   * several of them joined by {@code ::}.
   *
   * <p>The source is indexed on the spot unless {@link DataOptions#streaming()} asks for a stream,
   * which only shards can be.
   *
   * @throws UserException when a file is missing or unreadable, too many records are bad, or not
   *     one is usable
   */
  static DataSource open(String spec, DataOptions options) {
    return SourceFinder.open(spec, options);
  }

  /** As {@link #open}, always indexed. */
  static IndexedSource openIndexed(String spec, DataOptions options) {
    return SourceFinder.openIndexed(spec, options);
  }

  /**
   * Opens pictures, with or without captions and classes: picture files; folders of pictures at any
   * depth, where the topmost folder that a picture lies in is its class (ImageFolder); and all that
   * {@link #open} understands. A folder is taken for its pictures unless tar shards lie in it.
   *
   * @throws UserException when a file is missing or unreadable, too many records are bad, or there
   *     is not one picture
   */
  static IndexedSource openPictures(String spec, BadLimit limit) {
    return SourceFinder.openPictures(spec, limit);
  }

  /** What the user called it. */
  String name();

  /** The bad records met so far. */
  BadRecords bad();
}
