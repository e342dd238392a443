package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.kernels.l2normalize.L2NormalizeReference;
import org.jspecify.annotations.Nullable;

/**
 * The equations of the contrastive loss in double, with the N × N matrix written out. Oracle of
 * {@link ContrastiveCpu}.
 */
public final class ContrastiveReference {
  private ContrastiveReference() {}

  /**
   * Loss, accuracy in the batch, and both log-sum-exps.
   *
   * @param image (N, D)
   * @param text (N, D)
   * @param logScale (1): t, the logits are exp(t)·u·v
   * @param ids (N): pairs of the same id match each other; null: a pair matches itself alone
   * @param loss (1), written
   * @param accuracy (1), written: how many of the 2·N rows and columns have a match as their one
   *     largest logit
   * @param rowLse (N), written: log Σ_j exp(s_ij)
   * @param columnLse (N), written: log Σ_i exp(s_ij)
   */
  public static void forward(
      ContrastiveDims d,
      double[] image,
      double[] text,
      double[] logScale,
      int @Nullable [] ids,
      double[] loss,
      double[] accuracy,
      double[] rowLse,
      double[] columnLse) {
    int n = d.n();
    double[][] s = logits(d, normalized(d, image), normalized(d, text), Math.exp(logScale[0]));
    double[][] transposed = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        transposed[j][i] = s[i][j];
      }
    }
    double sum = 0;
    int correct = 0;
    for (int i = 0; i < n; i++) {
      rowLse[i] = logSumExp(s[i]);
      columnLse[i] = logSumExp(transposed[i]);
      for (int j = 0; j < n; j++) {
        sum += target(ids, i, j, n) * (rowLse[i] - s[i][j]);
        sum += target(ids, i, j, n) * (columnLse[i] - transposed[i][j]);
      }
      correct += isCorrect(s[i], ids, i) ? 1 : 0;
      correct += isCorrect(transposed[i], ids, i) ? 1 : 0;
    }
    loss[0] = sum / (2 * n);
    accuracy[0] = correct / (2.0 * n);
  }

  /**
   * The gradients of {@code dLoss·loss}; dImage and dText are overwritten, dLogScale is added to.
   */
  public static void backward(
      ContrastiveDims d,
      double[] image,
      double[] text,
      double[] logScale,
      int @Nullable [] ids,
      double[] rowLse,
      double[] columnLse,
      double dLoss,
      double[] dImage,
      double[] dText,
      double[] dLogScale) {
    int n = d.n();
    double scale = Math.exp(logScale[0]);
    double[] u = normalized(d, image);
    double[] v = normalized(d, text);
    double[] du = new double[n * d.d()];
    double[] dv = new double[n * d.d()];
    double[][] s = logits(d, u, v, scale);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double p = Math.exp(s[i][j] - rowLse[i]);
        double q = Math.exp(s[i][j] - columnLse[j]);
        double g = dLoss / (2 * n) * (p + q - target(ids, i, j, n) - target(ids, j, i, n));
        dLogScale[0] += g * s[i][j];
        for (int c = 0; c < d.d(); c++) {
          du[i * d.d() + c] += scale * g * v[j * d.d() + c];
          dv[j * d.d() + c] += scale * g * u[i * d.d() + c];
        }
      }
    }
    throughNormalization(d, image, du, dImage);
    throughNormalization(d, text, dv, dText);
  }

  private static double[] normalized(ContrastiveDims d, double[] x) {
    if (!d.normalize()) {
      return x;
    }
    double[] y = new double[x.length];
    L2NormalizeReference.forward(new L2NormalizeDims(d.n(), d.d()), x, y, new double[d.n()]);
    return y;
  }

  private static void throughNormalization(
      ContrastiveDims d, double[] x, double[] dy, double[] dx) {
    if (!d.normalize()) {
      System.arraycopy(dy, 0, dx, 0, dy.length);
      return;
    }
    L2NormalizeDims rows = new L2NormalizeDims(d.n(), d.d());
    double[] y = new double[x.length];
    double[] inverseNorm = new double[d.n()];
    L2NormalizeReference.forward(rows, x, y, inverseNorm);
    L2NormalizeReference.backward(rows, y, inverseNorm, dy, dx);
  }

  private static double[][] logits(ContrastiveDims d, double[] u, double[] v, double scale) {
    double[][] s = new double[d.n()][d.n()];
    for (int i = 0; i < d.n(); i++) {
      for (int j = 0; j < d.n(); j++) {
        for (int c = 0; c < d.d(); c++) {
          s[i][j] += scale * u[i * d.d() + c] * v[j * d.d() + c];
        }
      }
    }
    return s;
  }

  private static double logSumExp(double[] x) {
    double max = Double.NEGATIVE_INFINITY;
    for (double value : x) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (double value : x) {
      sum += Math.exp(value - max);
    }
    return max + Math.log(sum);
  }

  private static boolean matches(int @Nullable [] ids, int i, int j) {
    return ids == null ? i == j : ids[i] == ids[j];
  }

  /** The share of j in what row i should be: 1/|P(i)| on its matches. */
  private static double target(int @Nullable [] ids, int i, int j, int n) {
    if (!matches(ids, i, j)) {
      return 0;
    }
    int count = 0;
    for (int k = 0; k < n; k++) {
      count += matches(ids, i, k) ? 1 : 0;
    }
    return 1.0 / count;
  }

  private static boolean isCorrect(double[] row, int @Nullable [] ids, int i) {
    double best = Double.NEGATIVE_INFINITY;
    double bestOther = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < row.length; j++) {
      if (matches(ids, i, j)) {
        best = Math.max(best, row[j]);
      } else {
        bestOther = Math.max(bestOther, row[j]);
      }
    }
    return best > bestOther;
  }
}
