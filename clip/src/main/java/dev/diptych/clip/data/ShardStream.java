package dev.diptych.clip.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Shards that are too many to index: each is indexed when its turn comes, once per epoch. Their
 * number of examples is known only when all have been read.
 */
public final class ShardStream implements DataSource {
  private final String name;
  private final List<Path> shards;
  private final DataOptions options;
  private final BadRecords bad;
  private final BitSet counted = new BitSet();
  private long good;

  ShardStream(String name, List<Path> shards, DataOptions options, BadRecords bad) {
    this.name = name;
    this.shards = List.copyOf(shards);
    this.options = options;
    this.bad = bad;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public BadRecords bad() {
    return bad;
  }

  /** How many shards there are. */
  public int shardCount() {
    return shards.size();
  }

  int shuffleBuffer() {
    return options.shuffleBuffer();
  }

  /**
   * The examples of shard {@code index}, in the order of the file.
   *
   * @throws dev.diptych.clip.UserException when the shard cannot be read, or too many records are
   *     bad
   */
  List<Example> read(int index) {
    List<Example> found = TarShard.index(shards.get(index), options, bad);
    List<Example> numbered = new ArrayList<>(found.size());
    for (Example example : found) {
      numbered.add(example.withPictureId(((long) index << 32) + example.pictureId()));
    }
    synchronized (this) {
      if (!counted.get(index)) { // a bad record is counted once too, however many the epochs
        counted.set(index);
        good += found.size();
      }
      bad.check(good);
    }
    return numbered;
  }
}
