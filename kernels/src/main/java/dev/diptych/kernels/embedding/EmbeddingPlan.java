package dev.diptych.kernels.embedding;

import java.util.Arrays;

/**
 * Where each token id occurs, for the gradient of the table on a GPU: the places of an id stand
 * side by side, in ascending order, and are cut into pieces of at most 64. A piece is summed by
 * itself; then the pieces of an id are, if it has several. So an id that fills half the batch, as
 * padding does, is no slower than the others, and the order of every sum depends on the ids alone.
 *
 * <p>All numbers lie in one run whose length depends on the number of tokens alone, so that a
 * recorded step finds every batch's plan in the same memory. With N tokens and S = N / 65, the most
 * ids that can have several pieces:
 *
 * <pre>
 * order (N)          places in the batch, sorted by id
 * begin (N + 1)      where in order a piece begins
 * target (N)         of a piece: its id, or −1 − k if it is the k-th piece of those that share an id
 * sharedId (S)       the ids that have several pieces
 * firstShared (S+1)  k of the first piece of each
 * counts (2)         pieces, shared ids
 * </pre>
 *
 * What is behind the counted ones is 0.
 *
 * @param packed the run
 */
public record EmbeddingPlan(int[] packed) {
  private static final int PLACES_PER_PIECE = 64;

  /** The plan for a batch. */
  private static final class Builder {
    final int tokens;
    final int[] packed;
    int pieces;
    int sharedIds;
    int sharedPieces;

    Builder(int tokens) {
      this.tokens = tokens;
      packed = new int[packedLength(tokens)];
    }

    /** The places {@code from ≤ i < to} of {@code order} hold one id. */
    void add(int id, int from, int to) {
      boolean isShared = to - from > PLACES_PER_PIECE;
      if (isShared) {
        packed[sharedIdAt(tokens) + sharedIds] = id;
        packed[firstSharedAt(tokens) + sharedIds] = sharedPieces;
        sharedIds++;
      }
      for (int begin = from; begin < to; begin += PLACES_PER_PIECE) {
        packed[beginAt(tokens) + pieces] = begin;
        packed[targetAt(tokens) + pieces] = isShared ? -1 - sharedPieces++ : id;
        pieces++;
      }
    }

    EmbeddingPlan finish() {
      packed[beginAt(tokens) + pieces] = tokens;
      packed[firstSharedAt(tokens) + sharedIds] = sharedPieces;
      packed[countsAt(tokens)] = pieces;
      packed[countsAt(tokens) + 1] = sharedIds;
      return new EmbeddingPlan(packed);
    }
  }

  /**
   * The plan for a batch.
   *
   * @param ids (B, T), each in [0, V): the caller has checked
   */
  public static EmbeddingPlan of(int[] ids) {
    int n = ids.length;
    long[] byId = new long[n];
    for (int place = 0; place < n; place++) {
      byId[place] = ((long) ids[place] << Integer.SIZE) | place;
    }
    Arrays.sort(byId);
    Builder plan = new Builder(n);
    int from = 0;
    for (int i = 0; i < n; i++) {
      plan.packed[i] = (int) byId[i];
      int id = (int) (byId[i] >> Integer.SIZE);
      if (i + 1 == n || id != (int) (byId[i + 1] >> Integer.SIZE)) {
        plan.add(id, from, i + 1);
        from = i + 1;
      }
    }
    return plan.finish();
  }

  /** How many ints a plan for {@code tokens} places has. */
  public static int packedLength(int tokens) {
    return countsAt(tokens) + 2;
  }

  static int beginAt(int tokens) {
    return tokens;
  }

  static int targetAt(int tokens) {
    return beginAt(tokens) + tokens + 1;
  }

  static int sharedIdAt(int tokens) {
    return targetAt(tokens) + tokens;
  }

  static int firstSharedAt(int tokens) {
    return sharedIdAt(tokens) + mostSharedIds(tokens);
  }

  static int countsAt(int tokens) {
    return firstSharedAt(tokens) + mostSharedIds(tokens) + 1;
  }

  /** The most pieces of a batch from a vocabulary of {@code v}. */
  static int mostPieces(int tokens, int v) {
    return (int) Math.min(tokens, (long) v + tokens / PLACES_PER_PIECE);
  }

  /** The most ids with several pieces. */
  static int mostSharedIds(int tokens) {
    return tokens / (PLACES_PER_PIECE + 1);
  }

  /**
   * The most pieces of such ids: an id with 65 places has two, and none has more for its places.
   */
  static int mostSharedPieces(int tokens) {
    return (int) (2L * tokens / (PLACES_PER_PIECE + 1));
  }
}
