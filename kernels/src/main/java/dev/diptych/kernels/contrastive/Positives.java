package dev.diptych.kernels.contrastive;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which pairs match which, as lists: the rows of one id stand side by side in {@code order}, in
 * ascending order. 5 words per row, whatever the ids are.
 */
final class Positives {
  private final int[] order;
  private final int[] first;
  private final int[] count;

  /** Every row matches itself alone if {@code ids} is null, else all rows of its id. */
  Positives(int n, int @Nullable [] ids) {
    assert ids == null || ids.length == n;
    order = new int[n];
    first = new int[n];
    count = new int[n];
    long[] byId = new long[n];
    for (int row = 0; row < n; row++) {
      byId[row] = ((long) (ids == null ? row : ids[row]) << Integer.SIZE) | row;
    }
    Arrays.sort(byId);
    for (int begin = 0, end; begin < n; begin = end) {
      for (end = begin + 1; end < n && byId[end] >> Integer.SIZE == byId[begin] >> Integer.SIZE; ) {
        end++;
      }
      for (int k = begin; k < end; k++) {
        order[k] = (int) byId[k];
        first[order[k]] = begin;
        count[order[k]] = end - begin;
      }
    }
  }

  /** How many rows match this one, itself included. */
  int count(int row) {
    return count[row];
  }

  /** The place of the first match of {@code row} that is not below {@code least}. */
  int from(int row, int least) {
    int low = first[row];
    int high = end(row);
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (order[middle] < least) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Just past the place of the last match of {@code row}. */
  int end(int row) {
    return first[row] + count[row];
  }

  /** The row at a place. */
  int row(int place) {
    return order[place];
  }
}
