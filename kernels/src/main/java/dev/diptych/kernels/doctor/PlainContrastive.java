package dev.diptych.kernels.doctor;

import dev.diptych.kernels.contrastive.ContrastiveDims;
import dev.diptych.kernels.contrastive.ContrastiveReference;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.kernels.l2normalize.L2NormalizeReference;
import org.jspecify.annotations.Nullable;

/**
 * The contrastive loss as a chain of plain operations whose results are each stored in a precision:
 * normalised embeddings, logits, the gradients of logits and of normalised embeddings. Its error is
 * the measure for kernels in that precision. Sums and softmax are double.
 */
final class PlainContrastive {
  private final ContrastiveDims d;
  private final Precision precision;
  final double[] loss = new double[1];
  final double[] accuracy = new double[1];
  final double[] rowLse;
  final double[] columnLse;
  final double[] dImage;
  final double[] dText;
  final double[] dLogScale = new double[1];

  /** Forward and backward; accuracy is of logits that are not rounded, as the kernels' are not. */
  PlainContrastive(
      ContrastiveDims d,
      Precision precision,
      double[] image,
      double[] text,
      double logScale,
      int @Nullable [] ids,
      double dLoss) {
    this.d = d;
    this.precision = precision;
    rowLse = new double[d.n()];
    columnLse = new double[d.n()];
    double[] u = normalized(image);
    double[] v = normalized(text);
    double[] t = {logScale};
    ContrastiveReference.forward(
        new ContrastiveDims(d.n(), d.d(), false), u, v, t, ids, loss, accuracy, rowLse, columnLse);
    // The matrix of rounded logits is that of embeddings s and the unit matrix, at a scale of 1.
    ContrastiveDims ofLogits = new ContrastiveDims(d.n(), d.n(), false);
    double[] unit = new double[d.n() * d.n()];
    for (int i = 0; i < d.n(); i++) {
      unit[i * d.n() + i] = 1;
    }
    double scale = Math.exp(logScale);
    double[] s = round(product(u, v, scale));
    double[] none = {0};
    ContrastiveReference.forward(
        ofLogits, s, unit, none, ids, loss, new double[1], rowLse, columnLse);
    double[] g = new double[s.length];
    ContrastiveReference.backward(
        ofLogits,
        s,
        unit,
        none,
        ids,
        rowLse,
        columnLse,
        dLoss,
        g,
        new double[s.length],
        new double[1]);
    g = round(g);
    for (int i = 0; i < s.length; i++) {
      dLogScale[0] += g[i] * s[i];
    }
    double[] du = new double[u.length];
    double[] dv = new double[v.length];
    for (int i = 0; i < d.n(); i++) {
      for (int j = 0; j < d.n(); j++) {
        for (int c = 0; c < d.d(); c++) {
          du[i * d.d() + c] += scale * g[i * d.n() + j] * v[j * d.d() + c];
          dv[j * d.d() + c] += scale * g[i * d.n() + j] * u[i * d.d() + c];
        }
      }
    }
    dImage = throughNormalization(image, u, round(du));
    dText = throughNormalization(text, v, round(dv));
  }

  private double[] product(double[] u, double[] v, double scale) {
    double[] s = new double[d.n() * d.n()];
    for (int i = 0; i < d.n(); i++) {
      for (int j = 0; j < d.n(); j++) {
        for (int c = 0; c < d.d(); c++) {
          s[i * d.n() + j] += scale * u[i * d.d() + c] * v[j * d.d() + c];
        }
      }
    }
    return s;
  }

  private double[] normalized(double[] x) {
    if (!d.normalize()) {
      return x;
    }
    double[] y = new double[x.length];
    L2NormalizeReference.forward(new L2NormalizeDims(d.n(), d.d()), x, y, new double[d.n()]);
    return round(y);
  }

  private double[] throughNormalization(double[] x, double[] y, double[] dy) {
    if (!d.normalize()) {
      return dy;
    }
    L2NormalizeDims rows = new L2NormalizeDims(d.n(), d.d());
    double[] inverseNorm = new double[d.n()];
    double[] dx = new double[x.length];
    L2NormalizeReference.forward(rows, x, new double[x.length], inverseNorm);
    L2NormalizeReference.backward(rows, y, inverseNorm, dy, dx);
    return round(dx);
  }

  private double[] round(double[] values) {
    return Workbench.exactly(precision, values);
  }
}
