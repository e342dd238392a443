package dev.diptych.kernels.matmul;

import dev.diptych.kernels.gelu.Activation;

/** The equations of matrix multiplication in double. Oracle of {@link MatmulCpu}. */
public final class MatmulReference {
  private MatmulReference() {}

  /** C ← C + op(A)·op(B) for every item of the batch; into zeros for the plain product. */
  public static void multiply(MatmulDims d, double[] a, double[] b, double[] c) {
    for (int item = 0; item < d.batch(); item++) {
      for (int i = 0; i < d.m(); i++) {
        for (int j = 0; j < d.n(); j++) {
          double sum = 0;
          for (int k = 0; k < d.k(); k++) {
            sum += a[aIndex(d, item, i, k)] * b[bIndex(d, item, k, j)];
          }
          c[cIndex(d, item, i, j)] += sum;
        }
      }
    }
  }

  /** Adds to da and db the gradients of {@link #multiply}: dC·op(B)ᵀ and op(A)ᵀ·dC. */
  public static void backward(
      MatmulDims d, double[] a, double[] b, double[] dc, double[] da, double[] db) {
    for (int item = 0; item < d.batch(); item++) {
      for (int i = 0; i < d.m(); i++) {
        for (int j = 0; j < d.n(); j++) {
          double g = dc[cIndex(d, item, i, j)];
          for (int k = 0; k < d.k(); k++) {
            da[aIndex(d, item, i, k)] += g * b[bIndex(d, item, k, j)];
            db[bIndex(d, item, k, j)] += g * a[aIndex(d, item, i, k)];
          }
        }
      }
    }
  }

  /** C ← C + bias in every row. */
  public static void addBias(MatmulDims d, double[] bias, double[] c) {
    for (int item = 0; item < d.batch(); item++) {
      for (int i = 0; i < d.m(); i++) {
        for (int j = 0; j < d.n(); j++) {
          c[cIndex(d, item, i, j)] += bias[j];
        }
      }
    }
  }

  /** The activation of one number. */
  public static double activate(Activation activation, double x) {
    return switch (activation) {
      case QUICK_GELU -> x / (1 + Math.exp(-1.702 * x));
      case GELU -> x * normalCdf(x);
    };
  }

  /** Φ(x) = 1/2 + φ(x)·(x + x³/3 + x⁵/15 + …), which converges everywhere; 0 or 1 far out. */
  private static double normalCdf(double x) {
    if (Math.abs(x) > 12) {
      return x > 0 ? 1 : 0;
    }
    double term = x;
    double sum = x;
    for (int n = 3; Math.abs(term) > 1e-18 * Math.abs(sum) && n < 1000; n += 2) {
      term *= x * x / n;
      sum += term;
    }
    return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }

  private static int aIndex(MatmulDims d, int item, int i, int k) {
    int row = d.transposeA() ? k : i;
    int column = d.transposeA() ? i : k;
    return item * d.aBatchStride() + row * d.aRowStride() + column;
  }

  private static int bIndex(MatmulDims d, int item, int k, int j) {
    int row = d.transposeB() ? j : k;
    int column = d.transposeB() ? k : j;
    return item * d.bBatchStride() + row * d.bRowStride() + column;
  }

  private static int cIndex(MatmulDims d, int item, int i, int j) {
    return item * d.cBatchStride() + i * d.cRowStride() + j;
  }
}
