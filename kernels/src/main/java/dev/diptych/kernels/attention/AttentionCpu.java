package dev.diptych.kernels.attention;

import dev.diptych.kernels.matmul.TileKernels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import org.jspecify.annotations.Nullable;

/**
 * Attention with the Vector API on all threads: a task takes one sequence and head, {@link
 * ForwardHead} and {@link BackwardHead} do the work.
 *
 * <p>What a query may not see has weight 0 in a product, so NaN or infinity in a later token may
 * reach the queries up to a tile's height before it; beyond {@code keyLengths} nothing is read.
 */
public final class AttentionCpu {
  /** With fewer pairs of sequence and head than this, their queries are cut up too. */
  private static final int ENOUGH_TASKS = 16;

  private AttentionCpu() {}

  /**
   * y_i = Σ_j p_ij·v_j with p_ij = exp(q_i·k_j/√D − lse_i).
   *
   * @param q (B, Tq, H·D), rows {@code queryStride} apart
   * @param k (B, Tk, H·D), rows {@code keyStride} apart
   * @param v (B, Tk, H·D), rows {@code keyStride} apart
   * @param keyLengths (B) how many keys of each sequence count, or null for all; what lies beyond
   *     is not read. A query that sees no key has y = 0 and lse = −∞
   * @param y (B, Tq, H·D) without gaps, written
   * @param lse (B, H, Tq), written: log Σ_j exp(q_i·k_j/√D)
   */
  public static void forward(
      AttentionDims d,
      Floats q,
      Floats k,
      Floats v,
      int @Nullable [] keyLengths,
      Floats y,
      Floats lse) {
    assert q.length() == d.queryLength();
    assert k.length() == d.keyLength() && v.length() == d.keyLength();
    assert y.length() == d.b() * d.tq() * d.c() && lse.length() == d.b() * d.h() * d.tq();
    assert keyLengths == null || keyLengths.length == d.b();
    int heads = d.b() * d.h();
    if (heads == 0 || d.tq() == 0) {
      return;
    }
    int tiles = TileKernels.count(d.tq());
    int parts = Math.min(tiles, Math.max(1, ENOUGH_TASKS / heads));
    Parallel.run(
        heads * parts,
        task -> {
          int head = task / parts;
          int part = task % parts;
          new ForwardHead(d, head, d.keys(keyLengths, head / d.h()), q, y, lse)
              .run(k, v, tiles * part / parts, tiles * (part + 1) / parts);
        });
  }

  /**
   * The gradients of {@link #forward}; dq, dk and dv are overwritten, the gaps between their rows
   * left alone, so that they may be the parts of one packed gradient. Each is summed in an order
   * that depends on the sizes alone.
   *
   * @param y (B, Tq, H·D) and {@code lse} (B, H, Tq), as {@link #forward} wrote them
   * @param dy (B, Tq, H·D) without gaps
   * @param dq like q, written
   * @param dk like k, written; 0 beyond {@code keyLengths}
   * @param dv like v, written; 0 beyond {@code keyLengths}
   */
  public static void backward(
      AttentionDims d,
      Floats q,
      Floats k,
      Floats v,
      int @Nullable [] keyLengths,
      Floats y,
      Floats lse,
      Floats dy,
      Floats dq,
      Floats dk,
      Floats dv) {
    assert q.length() == d.queryLength() && dq.length() == q.length();
    assert k.length() == d.keyLength() && v.length() == k.length();
    assert dk.length() == k.length() && dv.length() == k.length();
    assert y.length() == d.b() * d.tq() * d.c() && dy.length() == y.length();
    assert lse.length() == d.b() * d.h() * d.tq();
    assert keyLengths == null || keyLengths.length == d.b();
    Parallel.run(
        d.b() * d.h(),
        head ->
            new BackwardHead(d, head, d.keys(keyLengths, head / d.h()), q, k, v, y, lse, dy)
                .run(dq, dk, dv));
  }
}
