package dev.diptych.kernels.attention;

import dev.diptych.kernels.memory.Cost;
import org.jspecify.annotations.Nullable;

/**
 * The sizes and the memory layout of an attention. The row of query t of sequence b begins {@code
 * (b·Tq + t)·queryStride} elements into q, the rows of k and v alike with {@code keyStride}; so q,
 * k and v may be three parts of one packed projection (see {@link #packed}).
 *
 * @param b sequences in the batch
 * @param h heads
 * @param tq queries of a sequence
 * @param tk keys of a sequence
 * @param d elements of a head
 * @param queryStride elements from one row of q (and dq) to the next
 * @param keyStride elements from one row of k (and v, dk, dv) to the next
 * @param causal whether query t sees the keys 0 to t alone; needs Tq = Tk
 */
public record AttentionDims(
    int b, int h, int tq, int tk, int d, int queryStride, int keyStride, boolean causal) {
  /** Checks the layout. */
  public AttentionDims {
    assert b >= 0 && h >= 1 && tq >= 0 && tk >= 0 && d >= 1;
    assert queryStride >= h * d && keyStride >= h * d;
    assert !causal || tq == tk : "causal attention needs as many keys as queries";
  }

  /**
   * Self-attention on a packed projection qkv (B, T, 3·C), C = H·D: q begins at element 0, k at C,
   * v at 2·C, each {@link #queryLength()} long.
   */
  public static AttentionDims packed(int b, int t, int h, int d, boolean causal) {
    return new AttentionDims(b, h, t, t, d, 3 * h * d, 3 * h * d, causal);
  }

  /** Attention on q (B, Tq, H·D) and k, v (B, Tk, H·D), each without gaps. */
  public static AttentionDims separate(int b, int h, int tq, int tk, int d, boolean causal) {
    return new AttentionDims(b, h, tq, tk, d, h * d, h * d, causal);
  }

  /** C = H·D, the width of y. */
  public int c() {
    return h * d;
  }

  /** 1/√D, by which scores are multiplied. */
  public double scale() {
    return 1 / Math.sqrt(d);
  }

  /** Elements from the first of q to just past its last, gaps between rows included. */
  public int queryLength() {
    return b * tq == 0 ? 0 : (b * tq - 1) * queryStride + c();
  }

  /** Elements from the first of k (or v) to just past its last, gaps between rows included. */
  public int keyLength() {
    return b * tk == 0 ? 0 : (b * tk - 1) * keyStride + c();
  }

  /** How many keys of sequence {@code batch} count, at most Tk. */
  int keys(int @Nullable [] keyLengths, int batch) {
    return keyLengths == null ? tk : Math.min(tk, keyLengths[batch]);
  }

  /** The least a forward pass must do: read q, k, v; write y, lse; two products. */
  public Cost forwardCost() {
    return new Cost(4L * b * h * (2L * (tq + tk) * d + tq), 4L * d * pairs());
  }

  /**
   * The least a backward pass must do: read q, k, v, y, dy, lse; write dq, dk, dv; five products.
   */
  public Cost backwardCost() {
    return new Cost(4L * b * h * ((4L * tq + 4L * tk) * d + tq), 10L * d * pairs());
  }

  /** Pairs of a query and a key it sees, over all sequences and heads. */
  private long pairs() {
    return (long) b * h * (causal ? (long) tq * (tq + 1) / 2 : (long) tq * tk);
  }
}
