package dev.diptych.clip.data;

import dev.diptych.clip.UserException;

/** Pictures with captions, found but not yet read: all of them known, or a stream of shards. */
public sealed interface DataSource permits IndexedSource, ShardStream {

  /**
   * Opens what {@code spec} names: a tar shard; many, by braces ({@code a-{000000..000003}.tar}); a
   * CSV or TSV table; Flickr's {@code captions.txt} or {@code .token} file; a folder with one of
   * these in it; or several of them joined by {@code ::}.
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

  /** What the user called it. */
  String name();

  /** The bad records met so far. */
  BadRecords bad();
}
