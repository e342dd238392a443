package dev.diptych.kernels.batchnorm;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;

/**
 * The loops of batch normalisation over the rows {@code begin ≤ n < end} of (N, C). A row is its
 * channels side by side, so every loop runs along the channels and sums go to rows of sums.
 */
final class Rows {
  private Rows() {}

  /** mean = Σ x / rows; mean holds zeros before. */
  static void mean(int c, Floats x, int begin, int end, Floats mean) {
    for (int n = begin; n < end; n++) {
      Lanes.accumulate(mean, x.slice(n * c, c));
    }
    for (int i = mean.offset(); i < mean.end(); i++) {
      mean.array()[i] /= end - begin;
    }
  }

  /** sums += Σ (x − μ), squares += Σ (x − μ)². */
  static void addCentred(
      int c, Floats x, int begin, int end, Floats mean, Floats sums, Floats squares) {
    for (int n = begin; n < end; n++) {
      addCentred(
          c,
          x.array(),
          x.offset() + n * c,
          mean.array(),
          mean.offset(),
          sums.offset(),
          squares.offset());
    }
  }

  /** Means and both sums lie in one array. */
  private static void addCentred(
      int c, float[] x, int row, float[] sums, int meanAt, int sumAt, int squareAt) {
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector centred =
          FloatVector.fromArray(SPECIES, x, row + i)
              .sub(FloatVector.fromArray(SPECIES, sums, meanAt + i));
      centred.add(FloatVector.fromArray(SPECIES, sums, sumAt + i)).intoArray(sums, sumAt + i);
      centred
          .fma(centred, FloatVector.fromArray(SPECIES, sums, squareAt + i))
          .intoArray(sums, squareAt + i);
    }
    for (int i = bound; i < c; i++) {
      float centred = x[row + i] - sums[meanAt + i];
      sums[sumAt + i] += centred;
      sums[squareAt + i] = Math.fma(centred, centred, sums[squareAt + i]);
    }
  }

  /** y = (x − μ)·gain + b. */
  static void normalise(
      int c, Floats x, int begin, int end, Floats mean, Floats gain, Floats b, Floats y) {
    for (int n = begin; n < end; n++) {
      normalise(
          c,
          x.array(),
          x.offset() + n * c,
          mean.array(),
          mean.offset(),
          gain.array(),
          b.array(),
          b.offset(),
          y.array(),
          y.offset() + n * c);
    }
  }

  private static void normalise(
      int c,
      float[] x,
      int row,
      float[] mean,
      int meanAt,
      float[] gain,
      float[] b,
      int bAt,
      float[] y,
      int out) {
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, x, row + i)
          .sub(FloatVector.fromArray(SPECIES, mean, meanAt + i))
          .fma(FloatVector.fromArray(SPECIES, gain, i), FloatVector.fromArray(SPECIES, b, bAt + i))
          .intoArray(y, out + i);
    }
    for (int i = bound; i < c; i++) {
      y[out + i] = Math.fma(x[row + i] - mean[meanAt + i], gain[i], b[bAt + i]);
    }
  }

  /** products += Σ dy·(x − μ), sums += Σ dy. */
  static void addProducts(
      int c, Floats x, Floats dy, int begin, int end, Floats mean, Floats products, Floats sums) {
    for (int n = begin; n < end; n++) {
      addProducts(
          c,
          x.array(),
          x.offset() + n * c,
          dy.array(),
          dy.offset() + n * c,
          mean.array(),
          mean.offset(),
          products.array(),
          products.offset(),
          sums.offset());
    }
  }

  /** Both sums lie in one array. */
  private static void addProducts(
      int c,
      float[] x,
      int row,
      float[] dy,
      int dyRow,
      float[] mean,
      int meanAt,
      float[] sums,
      int productAt,
      int sumAt) {
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector grad = FloatVector.fromArray(SPECIES, dy, dyRow + i);
      FloatVector.fromArray(SPECIES, x, row + i)
          .sub(FloatVector.fromArray(SPECIES, mean, meanAt + i))
          .fma(grad, FloatVector.fromArray(SPECIES, sums, productAt + i))
          .intoArray(sums, productAt + i);
      grad.add(FloatVector.fromArray(SPECIES, sums, sumAt + i)).intoArray(sums, sumAt + i);
    }
    for (int i = bound; i < c; i++) {
      float grad = dy[dyRow + i];
      sums[productAt + i] = Math.fma(x[row + i] - mean[meanAt + i], grad, sums[productAt + i]);
      sums[sumAt + i] += grad;
    }
  }

  /** dx = (dy − meanDy − (x − μ)·slope)·gain. */
  static void backward(
      int c,
      Floats x,
      Floats dy,
      int begin,
      int end,
      Floats mean,
      Floats slope,
      Floats meanDy,
      Floats gain,
      Floats dx) {
    for (int n = begin; n < end; n++) {
      backward(
          c,
          x.array(),
          x.offset() + n * c,
          dy.array(),
          dy.offset() + n * c,
          mean.array(),
          mean.offset(),
          slope.array(),
          meanDy.array(),
          gain.array(),
          dx.array(),
          dx.offset() + n * c);
    }
  }

  private static void backward(
      int c,
      float[] x,
      int row,
      float[] dy,
      int dyRow,
      float[] mean,
      int meanAt,
      float[] slope,
      float[] meanDy,
      float[] gain,
      float[] dx,
      int out) {
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector along =
          FloatVector.fromArray(SPECIES, x, row + i)
              .sub(FloatVector.fromArray(SPECIES, mean, meanAt + i))
              .mul(FloatVector.fromArray(SPECIES, slope, i));
      FloatVector.fromArray(SPECIES, dy, dyRow + i)
          .sub(FloatVector.fromArray(SPECIES, meanDy, i))
          .sub(along)
          .mul(FloatVector.fromArray(SPECIES, gain, i))
          .intoArray(dx, out + i);
    }
    for (int i = bound; i < c; i++) {
      float along = (x[row + i] - mean[meanAt + i]) * slope[i];
      dx[out + i] = (dy[dyRow + i] - meanDy[i] - along) * gain[i];
    }
  }

  /** dx = dy·gain. */
  static void scale(int c, Floats dy, int begin, int end, Floats gain, Floats dx) {
    for (int n = begin; n < end; n++) {
      scale(c, dy.array(), dy.offset() + n * c, gain.array(), dx.array(), dx.offset() + n * c);
    }
  }

  private static void scale(int c, float[] dy, int row, float[] gain, float[] dx, int out) {
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, dy, row + i)
          .mul(FloatVector.fromArray(SPECIES, gain, i))
          .intoArray(dx, out + i);
    }
    for (int i = bound; i < c; i++) {
      dx[out + i] = dy[row + i] * gain[i];
    }
  }
}
