package dev.diptych.kernels.softmax;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import dev.diptych.kernels.simd.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Softmax and log-softmax with the Vector API on all threads. */
public final class SoftmaxCpu {
  private SoftmaxCpu() {}

  /**
   * y = exp(x − lse(x)) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   */
  public static void forward(SoftmaxDims d, Floats x, Floats y) {
    assert x.length() == d.n() * d.c() && y.length() == x.length();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(4 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            int in = x.offset() + n * d.c();
            int out = y.offset() + n * d.c();
            float max = max(x.array(), in, d.c());
            float sum = exponentials(x.array(), in, max, y.array(), out, d.c());
            scale(y.array(), out, 1 / sum, d.c());
          }
        });
  }

  /**
   * dx = y·(dy − Σ dy·y) in each row.
   *
   * @param y (N, C), what {@link #forward} gave
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy or y
   */
  public static void backward(SoftmaxDims d, Floats y, Floats dy, Floats dx) {
    assert y.length() == d.n() * d.c() && dy.length() == y.length() && dx.length() == y.length();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(2 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            int row = n * d.c();
            float dot =
                Lanes.dot(dy.array(), dy.offset() + row, y.array(), y.offset() + row, d.c());
            for (int c = 0; c < d.c(); c += Lanes.COUNT) {
              VectorMask<Float> in = Lanes.below(c, d.c());
              load(dy, row + c, in)
                  .sub(dot)
                  .mul(load(y, row + c, in))
                  .intoArray(dx.array(), dx.offset() + row + c, in);
            }
          }
        });
  }

  /**
   * y = x − lse(x) in each row.
   *
   * @param x (N, C)
   * @param y (N, C), written; may be x
   */
  public static void logForward(SoftmaxDims d, Floats x, Floats y) {
    assert x.length() == d.n() * d.c() && y.length() == x.length();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(4 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            int row = n * d.c();
            float max = max(x.array(), x.offset() + row, d.c());
            float sum = sumOfExponentials(x.array(), x.offset() + row, max, d.c());
            // x − max is exact near the maximum, where log-softmax is small: subtract in two steps.
            float logSum = (float) Math.log(sum);
            for (int c = 0; c < d.c(); c += Lanes.COUNT) {
              VectorMask<Float> in = Lanes.below(c, d.c());
              load(x, row + c, in)
                  .sub(max)
                  .sub(logSum)
                  .intoArray(y.array(), y.offset() + row + c, in);
            }
          }
        });
  }

  /**
   * dx = dy − exp(y)·Σ dy in each row.
   *
   * @param y (N, C), what {@link #logForward} gave
   * @param dy (N, C)
   * @param dx (N, C), written; may be dy or y
   */
  public static void logBackward(SoftmaxDims d, Floats y, Floats dy, Floats dx) {
    assert y.length() == d.n() * d.c() && dy.length() == y.length() && dx.length() == y.length();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(4 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            int row = n * d.c();
            FloatVector minusSum =
                FloatVector.broadcast(SPECIES, -Lanes.sum(dy.array(), dy.offset() + row, d.c()));
            for (int c = 0; c < d.c(); c += Lanes.COUNT) {
              VectorMask<Float> in = Lanes.below(c, d.c());
              VectorMath.exp(load(y, row + c, in))
                  .fma(minusSum, load(dy, row + c, in))
                  .intoArray(dx.array(), dx.offset() + row + c, in);
            }
          }
        });
  }

  private static FloatVector load(Floats x, int index, VectorMask<Float> in) {
    return FloatVector.fromArray(SPECIES, x.array(), x.offset() + index, in);
  }

  /** The largest element; NaN elements may be passed over, since their exponential stays NaN. */
  private static float max(float[] x, int offset, int length) {
    FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= length - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector next = FloatVector.fromArray(SPECIES, x, offset + i);
      // Two instructions; max(), which looks after NaN and signed zero, takes six.
      max = max.blend(next, next.compare(VectorOperators.GT, max));
    }
    float largest = max.reduceLanes(VectorOperators.MAX);
    for (; i < length; i++) {
      largest = x[offset + i] > largest ? x[offset + i] : largest;
    }
    return largest;
  }

  /** y = exp(x − max); returns the sum. */
  private static float exponentials(float[] x, int in, float max, float[] y, int out, int length) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= length - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector e = VectorMath.exp(FloatVector.fromArray(SPECIES, x, in + i).sub(max));
      e.intoArray(y, out + i);
      sum = sum.add(e);
    }
    if (i < length) {
      VectorMask<Float> tail = Lanes.below(i, length);
      FloatVector e = VectorMath.exp(FloatVector.fromArray(SPECIES, x, in + i, tail).sub(max));
      e.intoArray(y, out + i, tail);
      sum = sum.add(e.blend(0f, tail.not()));
    }
    return Lanes.sum(sum);
  }

  private static float sumOfExponentials(float[] x, int in, float max, int length) {
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int i = 0; i < length; i += Lanes.COUNT) {
      VectorMask<Float> tail = Lanes.below(i, length);
      FloatVector e = VectorMath.exp(FloatVector.fromArray(SPECIES, x, in + i, tail).sub(max));
      sum = sum.add(e.blend(0f, tail.not()));
    }
    return Lanes.sum(sum);
  }

  private static void scale(float[] y, int offset, float factor, int length) {
    for (int i = 0; i < length; i += Lanes.COUNT) {
      VectorMask<Float> in = Lanes.below(i, length);
      FloatVector.fromArray(SPECIES, y, offset + i, in).mul(factor).intoArray(y, offset + i, in);
    }
  }
}
