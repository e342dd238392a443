package dev.diptych.clip.data;

import dev.diptych.clip.UserException;

/**
 * How batches are made.
 *
 * @param batchSize B, pictures in a batch
 * @param pictureSize S, the side of the square that the model sees
 * @param contextLength T, tokens of a caption
 * @param seed decides the order, the crops and the choice among captions
 * @param training true: shuffled, augmented, without end, the incomplete last batch of an epoch
 *     left out; false: in order, the first caption of each picture, one epoch, the last batch kept
 * @param threads how many threads read and decode
 * @param batchesAhead how many batches are prepared before they are asked for
 * @param cacheBytes how much memory the pictures kept from epoch to epoch may take
 */
public record LoaderOptions(
    int batchSize,
    int pictureSize,
    int contextLength,
    long seed,
    boolean training,
    int threads,
    int batchesAhead,
    long cacheBytes) {

  /**
   * Options.
   *
   * @throws UserException when a number is too small, or a batch does not fit one array
   */
  public LoaderOptions {
    require("batch size", batchSize, 1);
    require("picture size", pictureSize, 1);
    require("context length", contextLength, 1);
    require("loader threads", threads, 1);
    require("batches ahead", batchesAhead, 1);
    require("cache bytes", cacheBytes, 0);
    long floats = 3L * pictureSize * pictureSize * batchSize;
    if (floats > Integer.MAX_VALUE - 8) {
      throw new UserException(
          String.format(
              "a batch of %d pictures of %d×%d has %,d numbers, more than the 2³¹ of one array;"
                  + " lower --batch-size",
              batchSize, pictureSize, pictureSize, floats));
    }
  }

  private static void require(String what, long found, long least) {
    if (found < least) {
      throw new UserException(what + ": expected at least " + least + ", found " + found);
    }
  }

  /**
   * Half of the cores (8 at most) decode, two batches ahead, with a cache of a quarter of the heap
   * but at most 1 GiB.
   */
  public static LoaderOptions of(
      int batchSize, int pictureSize, int contextLength, long seed, boolean training) {
    Runtime machine = Runtime.getRuntime();
    return new LoaderOptions(
        batchSize,
        pictureSize,
        contextLength,
        seed,
        training,
        Math.clamp(machine.availableProcessors() / 2, 1, 8),
        2,
        Math.min(1L << 30, machine.maxMemory() / 4));
  }

  /** The same with so many threads. */
  public LoaderOptions withThreads(int count) {
    return new LoaderOptions(
        batchSize, pictureSize, contextLength, seed, training, count, batchesAhead, cacheBytes);
  }

  /** The same with a cache of {@code bytes}; 0 keeps nothing. */
  public LoaderOptions withCacheBytes(long bytes) {
    return new LoaderOptions(
        batchSize, pictureSize, contextLength, seed, training, threads, batchesAhead, bytes);
  }

  /** How many numbers one picture has: 3·S². */
  int pixels() {
    return 3 * pictureSize * pictureSize;
  }
}
