package dev.diptych.kernels.embedding;

import java.util.Arrays;

/**
 * Where each token id occurs, for the gradient of the table: the places of an id stand side by
 * side, in ascending order, and are cut into pieces of at most 64. A piece is summed by itself;
 * then the pieces of an id are. So an id that fills half the batch, as padding does, is no slower
 * than the others, and the order of every sum depends on the ids alone.
 *
 * @param order (B·T) places in the batch, sorted by id
 * @param begin (pieces + 1) where in {@code order} a piece begins
 * @param id (distinct ids) in ascending order
 * @param firstPiece (distinct ids + 1) the first piece of each
 */
public record EmbeddingPlan(int[] order, int[] begin, int[] id, int[] firstPiece) {
  private static final int PLACES_PER_PIECE = 64;

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
    int[] order = new int[n];
    int[] begin = new int[n + 1];
    int[] id = new int[n];
    int[] firstPiece = new int[n + 1];
    int pieces = 0;
    int distinct = 0;
    for (int i = 0; i < n; i++) {
      order[i] = (int) byId[i];
      int own = (int) (byId[i] >> Integer.SIZE);
      boolean isNew = distinct == 0 || id[distinct - 1] != own;
      if (isNew) {
        id[distinct] = own;
        firstPiece[distinct] = pieces;
        distinct++;
      }
      if (isNew || i - begin[pieces - 1] == PLACES_PER_PIECE) {
        begin[pieces] = i;
        pieces++;
      }
    }
    begin[pieces] = n;
    firstPiece[distinct] = pieces;
    return new EmbeddingPlan(
        order,
        Arrays.copyOf(begin, pieces + 1),
        Arrays.copyOf(id, distinct),
        Arrays.copyOf(firstPiece, distinct + 1));
  }

  /** How many pieces there are. */
  public int pieces() {
    return begin.length - 1;
  }
}
