package dev.diptych.kernels.attention;

import org.jspecify.annotations.Nullable;

/**
 * The equations of attention in double, one query at a time. Oracle of {@code AttentionCpu}.
 *
 * <p>Shapes: q, dq (B, Tq, H·D) with rows {@code queryStride} apart; k, v, dk, dv (B, Tk, H·D) with
 * rows {@code keyStride} apart; y, dy (B, Tq, H·D) without gaps; lse (B, H, Tq).
 */
public final class AttentionReference {
  private AttentionReference() {}

  /**
   * y_i = Σ_j p_ij·v_j with p_ij = exp(q_i·k_j/√D − lse_i).
   *
   * @param keyLengths (B) how many keys of each sequence count, or null for all; a query that sees
   *     no key has y = 0 and lse = −∞
   * @param y written
   * @param lse written: log Σ_j exp(q_i·k_j/√D)
   */
  public static void forward(
      AttentionDims d,
      double[] q,
      double[] k,
      double[] v,
      int @Nullable [] keyLengths,
      double[] y,
      double[] lse) {
    double[] p = new double[d.tk()];
    for (int b = 0; b < d.b(); b++) {
      for (int h = 0; h < d.h(); h++) {
        for (int i = 0; i < d.tq(); i++) {
          int keys = visible(d, keyLengths, b, i);
          int out = (b * d.tq() + i) * d.c() + h * d.d();
          double max = Double.NEGATIVE_INFINITY;
          for (int j = 0; j < keys; j++) {
            p[j] = d.scale() * dot(d, q, query(d, b, h, i), k, key(d, b, h, j));
            max = Math.max(max, p[j]);
          }
          double sum = 0;
          for (int j = 0; j < keys; j++) {
            p[j] = Math.exp(p[j] - max);
            sum += p[j];
          }
          lse[(b * d.h() + h) * d.tq() + i] = max + Math.log(sum);
          for (int e = 0; e < d.d(); e++) {
            y[out + e] = 0;
            for (int j = 0; j < keys; j++) {
              y[out + e] += p[j] / sum * v[key(d, b, h, j) + e];
            }
          }
        }
      }
    }
  }

  /** The gradients of {@link #forward}; dq, dk and dv are overwritten. */
  public static void backward(
      AttentionDims d,
      double[] q,
      double[] k,
      double[] v,
      int @Nullable [] keyLengths,
      double[] y,
      double[] lse,
      double[] dy,
      double[] dq,
      double[] dk,
      double[] dv) {
    for (int b = 0; b < d.b(); b++) {
      for (int h = 0; h < d.h(); h++) {
        for (int j = 0; j < d.tk(); j++) {
          for (int e = 0; e < d.d(); e++) {
            dk[key(d, b, h, j) + e] = 0;
            dv[key(d, b, h, j) + e] = 0;
          }
        }
        for (int i = 0; i < d.tq(); i++) {
          int qRow = query(d, b, h, i);
          int out = (b * d.tq() + i) * d.c() + h * d.d();
          double delta = dot(d, dy, out, y, out);
          for (int e = 0; e < d.d(); e++) {
            dq[qRow + e] = 0;
          }
          for (int j = 0; j < visible(d, keyLengths, b, i); j++) {
            int kRow = key(d, b, h, j);
            double s = d.scale() * dot(d, q, qRow, k, kRow);
            double p = Math.exp(s - lse[(b * d.h() + h) * d.tq() + i]);
            double ds = p * (dot(d, dy, out, v, kRow) - delta) * d.scale();
            for (int e = 0; e < d.d(); e++) {
              dq[qRow + e] += ds * k[kRow + e];
              dk[kRow + e] += ds * q[qRow + e];
              dv[kRow + e] += p * dy[out + e];
            }
          }
        }
      }
    }
  }

  private static int visible(AttentionDims d, int @Nullable [] keyLengths, int b, int i) {
    int keys = d.keys(keyLengths, b);
    return d.causal() ? Math.min(keys, i + 1) : keys;
  }

  private static int query(AttentionDims d, int b, int h, int i) {
    return (b * d.tq() + i) * d.queryStride() + h * d.d();
  }

  private static int key(AttentionDims d, int b, int h, int j) {
    return (b * d.tk() + j) * d.keyStride() + h * d.d();
  }

  private static double dot(AttentionDims d, double[] x, int xRow, double[] y, int yRow) {
    double sum = 0;
    for (int e = 0; e < d.d(); e++) {
      sum += x[xRow + e] * y[yRow + e];
    }
    return sum;
  }
}
