package dev.diptych.clip.evaluate;

import dev.diptych.autograd.optim.Lbfgs;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Matmul;
import java.util.Arrays;

/**
 * Multinomial logistic regression, fitted with {@link Lbfgs}: weights W (K, C) and biases b (K)
 * that minimise
 *
 * <pre>{@code
 * Σᵢ −ln softmax(W·xᵢ + b)[labelᵢ]  +  λ/2 · ‖W‖²
 * }</pre>
 *
 * over N rows x. The biases are not regularised. This is scikit-learn's {@code LogisticRegression}
 * with {@code C = 1/λ}, which minimises C·Σ + ½‖W‖² (except that for two classes that one fits a
 * single row of weights, which doubles the λ it amounts to). As there, the tolerance is that of the
 * gradient of the whole divided by N.
 *
 * <p>The products with x are computed in float, the rest in double.
 */
public final class LogisticRegression {
  private static final int ROWS = 4096;
  private static final int HISTORY = 10;

  private final Tensor weights; // (K, C)
  private final float[] biases; // (K)
  private final Lbfgs.Minimum minimum;

  private LogisticRegression(Lbfgs.Minimum minimum, int classes, int width) {
    this.minimum = minimum;
    this.weights = Tensor.of(new float[classes * width], Shape.of(classes, width));
    this.biases = new float[classes];
    unpack(minimum.x(), weights, biases);
  }

  /**
   * Fits weights from zero on.
   *
   * @param x (N, C)
   * @param labels (N), from 0 to K − 1
   * @param classes K
   * @param lambda how much weights cost
   * @param maxIterations of L-BFGS
   * @param tolerance ends the search when no part of the gradient, divided by N, is larger
   */
  public static LogisticRegression fit(
      Tensor x, int[] labels, int classes, double lambda, int maxIterations, double tolerance) {
    int width = x.dim(1);
    if (labels.length != x.dim(0) || labels.length == 0 || !(lambda >= 0)) {
      throw new IllegalArgumentException(
          "logistic regression: expected as many labels as rows of x %s and λ ≥ 0, found %d and %s"
              .formatted(x.shape(), labels.length, lambda));
    }
    try (Loss loss = new Loss(x, labels, classes, lambda)) {
      Lbfgs.Minimum minimum =
          new Lbfgs(HISTORY, maxIterations, tolerance)
              .minimise(loss, new double[classes * width + classes]);
      return new LogisticRegression(minimum, classes, width);
    }
  }

  /** The weights, (K, C). */
  public Tensor weights() {
    return weights;
  }

  /** The biases, (K). */
  public float[] biases() {
    return biases.clone();
  }

  /** How the search for them went; its value is the loss divided by N. */
  public Lbfgs.Minimum minimum() {
    return minimum;
  }

  /** Classifies the rows of x (N, C), which have these labels. */
  public Classification measure(Tensor x, int[] labels) {
    int classes = biases.length;
    Classification result = new Classification(classes);
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      for (int begin = 0; begin < labels.length; begin += ROWS) {
        scope.rewind();
        int rows = Math.min(ROWS, labels.length - begin);
        Floats scores =
            Matmul.forward(scope, x.narrow(0, begin, rows), false, weights, true)
                .floats(); // (rows, K)
        for (int i = 0; i < rows; i++) {
          int at = scores.offset() + i * classes;
          for (int k = 0; k < classes; k++) {
            scores.array()[at + k] += biases[k];
          }
          result.add(labels[begin + i], scores.array(), at);
        }
      }
    }
    return result;
  }

  private static void unpack(double[] packed, Tensor weights, float[] biases) {
    Floats target = weights.floats();
    for (int i = 0; i < weights.size(); i++) {
      target.array()[target.offset() + i] = (float) packed[i];
    }
    for (int k = 0; k < biases.length; k++) {
      biases[k] = (float) packed[weights.size() + k];
    }
  }

  /** The loss divided by N, as a function of W and b behind each other. */
  private static final class Loss implements Lbfgs.Objective, AutoCloseable {
    private final Tensor x; // (N, C)
    private final int[] labels;
    private final double lambda;
    private final Tensor weights; // (K, C)
    private final float[] biases; // (K)
    private final double[] losses = new double[ROWS];
    private final TensorScope scope = new TensorScope(Device.CPU);

    Loss(Tensor x, int[] labels, int classes, double lambda) {
      this.x = x;
      this.labels = labels;
      this.lambda = lambda;
      this.weights = Tensor.of(new float[classes * x.dim(1)], Shape.of(classes, x.dim(1)));
      this.biases = new float[classes];
    }

    @Override
    public double evaluate(double[] packed, double[] gradient) {
      unpack(packed, weights, biases);
      Arrays.fill(gradient, 0);
      int count = labels.length;
      double sum = 0;
      for (int begin = 0; begin < count; begin += ROWS) {
        scope.rewind();
        sum += addRows(begin, Math.min(ROWS, count - begin), gradient);
      }
      double squares = 0;
      for (int i = 0; i < weights.size(); i++) {
        squares += packed[i] * packed[i];
        gradient[i] = (gradient[i] + lambda * packed[i]) / count;
      }
      for (int i = weights.size(); i < gradient.length; i++) {
        gradient[i] /= count;
      }
      return (sum + 0.5 * lambda * squares) / count;
    }

    /** The loss of some rows; adds its gradient. */
    private double addRows(int begin, int rows, double[] gradient) {
      Tensor part = x.narrow(0, begin, rows); // (rows, C)
      Tensor scores = Matmul.forward(scope, part, false, weights, true); // (rows, K)
      Parallel.rows(
          rows,
          Parallel.rowsPerTask(20 * biases.length),
          (from, to) -> {
            for (int i = from; i < to; i++) {
              losses[i] = residual(scores.floats(), i, labels[begin + i]);
            }
          });
      Floats slopes = Matmul.forward(scope, scores, true, part, false).floats(); // (K, C)
      for (int i = 0; i < weights.size(); i++) {
        gradient[i] += slopes.array()[slopes.offset() + i];
      }
      Floats residuals = scores.floats();
      double sum = 0;
      for (int i = 0; i < rows; i++) {
        sum += losses[i];
        for (int k = 0; k < biases.length; k++) {
          gradient[weights.size() + k] +=
              residuals.array()[residuals.offset() + i * biases.length + k];
        }
      }
      return sum;
    }

    /** Turns a row of W·x into softmax(W·x + b) − onehot(label); returns −ln softmax[label]. */
    private double residual(Floats scores, int row, int label) {
      float[] s = scores.array();
      int at = scores.offset() + row * biases.length;
      double largest = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < biases.length; k++) {
        largest = Math.max(largest, (double) s[at + k] + biases[k]);
      }
      double sum = 0;
      for (int k = 0; k < biases.length; k++) {
        sum += Math.exp((double) s[at + k] + biases[k] - largest);
      }
      double logSum = largest + Math.log(sum);
      double loss = logSum - ((double) s[at + label] + biases[label]);
      for (int k = 0; k < biases.length; k++) {
        double probability = Math.exp((double) s[at + k] + biases[k] - logSum);
        s[at + k] = (float) (probability - (k == label ? 1 : 0));
      }
      return loss;
    }

    @Override
    public void close() {
      scope.close();
    }
  }
}
