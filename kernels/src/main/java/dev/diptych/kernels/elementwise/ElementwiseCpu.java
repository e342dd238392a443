package dev.diptych.kernels.elementwise;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.reduce.ReduceCpu;
import dev.diptych.kernels.reduce.ReduceDims;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/** Element-wise operations with the Vector API on all threads. */
public final class ElementwiseCpu {
  /** A b shorter than this is repeated until it is at least as long: 4 KiB, kept in L1. */
  private static final int SHORT = 1024;

  private static final int ELEMENTS_PER_TASK = 16_384;

  private ElementwiseCpu() {}

  /**
   * y = a ∘ b.
   *
   * @param a (N, C)
   * @param b (C)
   * @param y (N, C), written; may be a, and may be b if N = 1
   */
  public static void forward(ElementwiseDims d, Operation operation, Floats a, Floats b, Floats y) {
    assert a.length() == d.size() && b.length() == d.c() && y.length() == d.size();
    if (d.size() == 0) {
      return;
    }
    Floats row = repeated(d, b);
    int period = row.length();
    Parallel.rows(
        d.size(),
        ELEMENTS_PER_TASK,
        (begin, end) -> {
          int i = begin;
          while (i < end) {
            int from = i % period;
            int length = Math.min(end - i, period - from);
            int atA = a.offset() + i;
            int atB = row.offset() + from;
            int atY = y.offset() + i;
            switch (operation) {
              case ADD -> add(a.array(), atA, row.array(), atB, y.array(), atY, length);
              case SUBTRACT -> subtract(a.array(), atA, row.array(), atB, y.array(), atY, length);
              case MULTIPLY -> multiply(a.array(), atA, row.array(), atB, y.array(), atY, length);
            }
            i += length;
          }
        });
  }

  /** b, or b written several times behind itself if it is short. */
  private static Floats repeated(ElementwiseDims d, Floats b) {
    if (d.n() == 1 || d.c() >= SHORT) {
      return b;
    }
    int times = Math.min(d.n(), Math.ceilDiv(SHORT, d.c()));
    Floats row = Floats.zeros(times * d.c());
    for (int i = 0; i < times; i++) {
      row.slice(i * d.c(), d.c()).copyFrom(b);
    }
    return row;
  }

  private static void add(float[] a, int atA, float[] b, int atB, float[] y, int atY, int length) {
    int i = 0;
    for (; i <= length - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, a, atA + i)
          .add(FloatVector.fromArray(SPECIES, b, atB + i))
          .intoArray(y, atY + i);
    }
    for (; i < length; i++) {
      y[atY + i] = a[atA + i] + b[atB + i];
    }
  }

  private static void subtract(
      float[] a, int atA, float[] b, int atB, float[] y, int atY, int length) {
    int i = 0;
    for (; i <= length - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, a, atA + i)
          .sub(FloatVector.fromArray(SPECIES, b, atB + i))
          .intoArray(y, atY + i);
    }
    for (; i < length; i++) {
      y[atY + i] = a[atA + i] - b[atB + i];
    }
  }

  private static void multiply(
      float[] a, int atA, float[] b, int atB, float[] y, int atY, int length) {
    int i = 0;
    for (; i <= length - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, a, atA + i)
          .mul(FloatVector.fromArray(SPECIES, b, atB + i))
          .intoArray(y, atY + i);
    }
    for (; i < length; i++) {
      y[atY + i] = a[atA + i] * b[atB + i];
    }
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param a (N, C)
   * @param b (C)
   * @param dy (N, C)
   * @param da (N, C), written, or null if not wanted; may be dy if {@code db} is null
   * @param db (C), added to, or null if not wanted
   */
  public static void backward(
      ElementwiseDims d,
      Operation operation,
      Floats a,
      Floats b,
      Floats dy,
      @Nullable Floats da,
      @Nullable Floats db) {
    assert dy.length() == d.size();
    if (da != null) {
      switch (operation) {
        case ADD, SUBTRACT -> da.copyFrom(dy);
        case MULTIPLY -> forward(d, Operation.MULTIPLY, dy, b, da);
      }
    }
    if (db != null) {
      ReduceDims rows = new ReduceDims(d.n(), d.c());
      switch (operation) {
        case ADD -> ReduceCpu.sumRows(rows, 1, dy, db);
        case SUBTRACT -> ReduceCpu.sumRows(rows, -1, dy, db);
        case MULTIPLY -> ReduceCpu.sumRowsOfProducts(rows, dy, a, db);
      }
    }
  }

  /**
   * y = factor·x. The gradient is dx = factor·dy: the same function.
   *
   * @param x any
   * @param y as long as x, written; may be x
   */
  public static void scale(float factor, Floats x, Floats y) {
    assert x.length() == y.length();
    Parallel.rows(
        x.length(),
        ELEMENTS_PER_TASK,
        (begin, end) -> {
          int i = begin;
          for (; i <= end - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector.fromArray(SPECIES, x.array(), x.offset() + i)
                .mul(factor)
                .intoArray(y.array(), y.offset() + i);
          }
          for (; i < end; i++) {
            y.array()[y.offset() + i] = factor * x.array()[x.offset() + i];
          }
        });
  }

  /**
   * y ← y + factor·x.
   *
   * @param x any
   * @param y as long as x, added to
   */
  public static void accumulate(float factor, Floats x, Floats y) {
    assert x.length() == y.length();
    Parallel.rows(
        x.length(),
        ELEMENTS_PER_TASK,
        (begin, end) -> {
          FloatVector factors = FloatVector.broadcast(SPECIES, factor);
          int i = begin;
          for (; i <= end - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector.fromArray(SPECIES, x.array(), x.offset() + i)
                .fma(factors, FloatVector.fromArray(SPECIES, y.array(), y.offset() + i))
                .intoArray(y.array(), y.offset() + i);
          }
          for (; i < end; i++) {
            y.array()[y.offset() + i] =
                Math.fma(x.array()[x.offset() + i], factor, y.array()[y.offset() + i]);
          }
        });
  }
}
