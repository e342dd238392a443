package dev.diptych.kernels.doctor;

import dev.diptych.kernels.attention.AttentionDims;
import dev.diptych.kernels.cuda.Precision;
import org.jspecify.annotations.Nullable;

/**
 * Attention as a chain of plain operations whose results are each stored in a precision: scores,
 * weights, y; the gradients of weights and scores. Its error is the measure for a fused kernel in
 * that precision, as in the tests of FlashAttention (Dao et al. 2022). Sums are double.
 */
final class PlainAttention {
  private final AttentionDims d;
  private final Precision precision;
  final double[] y;
  final double[] dq;
  final double[] dk;
  final double[] dv;

  /** Forward and backward; layouts as in {@code AttentionReference}. */
  PlainAttention(
      AttentionDims d,
      Precision precision,
      double[] q,
      double[] k,
      double[] v,
      int @Nullable [] keyLengths,
      double[] dy) {
    this.d = d;
    this.precision = precision;
    y = new double[dy.length];
    dq = new double[q.length];
    dk = new double[k.length];
    dv = new double[v.length];
    for (int b = 0; b < d.b(); b++) {
      int keys = keyLengths == null ? d.tk() : keyLengths[b];
      for (int h = 0; h < d.h(); h++) {
        for (int i = 0; i < d.tq(); i++) {
          int seen = d.causal() ? Math.min(keys, i + 1) : keys;
          query(b, h, i, seen, q, k, v, dy);
        }
      }
    }
    round(y);
    round(dq);
    round(dk);
    round(dv);
  }

  private void query(
      int b, int h, int i, int keys, double[] q, double[] k, double[] v, double[] dy) {
    int row = (b * d.tq() + i) * d.queryStride() + h * d.d();
    int out = (b * d.tq() + i) * d.c() + h * d.d();
    double[] p = new double[keys];
    double[] dp = new double[keys];
    double largest = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < keys; j++) {
      p[j] = d.scale() * dot(q, row, k, key(b, h, j));
      dp[j] = dot(dy, out, v, key(b, h, j));
    }
    round(p);
    round(dp);
    for (double score : p) {
      largest = Math.max(largest, score);
    }
    double total = 0;
    for (int j = 0; j < keys; j++) {
      p[j] = Math.exp(p[j] - largest);
      total += p[j];
    }
    double delta = 0;
    for (int j = 0; j < keys; j++) {
      p[j] /= total;
    }
    round(p);
    for (int j = 0; j < keys; j++) {
      delta += p[j] * dp[j];
    }
    double[] ds = new double[keys];
    for (int j = 0; j < keys; j++) {
      ds[j] = p[j] * (dp[j] - delta);
    }
    round(ds);
    for (int j = 0; j < keys; j++) {
      int at = key(b, h, j);
      for (int e = 0; e < d.d(); e++) {
        y[out + e] += p[j] * v[at + e];
        dq[row + e] += ds[j] * d.scale() * k[at + e];
        dk[at + e] += ds[j] * d.scale() * q[row + e];
        dv[at + e] += p[j] * dy[out + e];
      }
    }
  }

  private int key(int b, int h, int j) {
    return (b * d.tk() + j) * d.keyStride() + h * d.d();
  }

  private double dot(double[] x, int xRow, double[] z, int zRow) {
    double sum = 0;
    for (int e = 0; e < d.d(); e++) {
      sum += x[xRow + e] * z[zRow + e];
    }
    return sum;
  }

  private void round(double[] values) {
    System.arraycopy(Workbench.exactly(precision, values), 0, values, 0, values.length);
  }

  /** The largest difference. */
  static double error(double[] found, double[] expected) {
    double most = 0;
    for (int i = 0; i < found.length; i++) {
      most = Math.max(most, Math.abs(found[i] - expected[i]));
    }
    return most;
  }
}
