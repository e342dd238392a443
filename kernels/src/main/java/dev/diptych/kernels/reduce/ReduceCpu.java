package dev.diptych.kernels.reduce;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Reductions with the Vector API on all threads. */
public final class ReduceCpu {
  /** Elements that make one partial sum of {@link #sum}; fixed, as all block sizes here. */
  private static final int ELEMENTS_PER_SUM = 8192;

  /** Rows that make one partial sum of {@link #sumRows}. */
  private static final int ROWS_PER_SUM = 256;

  /** Columns that one task sums: a partial sum of 4 KiB stays in L1 while the rows pass by. */
  private static final int COLUMNS_PER_TASK = 1024;

  private ReduceCpu() {}

  /** scale·Σ x over all elements. */
  public static float sum(Floats x, float scale) {
    int tasks = Math.ceilDiv(x.length(), ELEMENTS_PER_SUM);
    double[] partial = new double[tasks];
    Parallel.run(
        tasks,
        task -> {
          int from = task * ELEMENTS_PER_SUM;
          int length = Math.min(ELEMENTS_PER_SUM, x.length() - from);
          partial[task] = Lanes.sum(x.array(), x.offset() + from, length);
        });
    double sum = 0;
    for (double part : partial) {
      sum += part;
    }
    return (float) (scale * sum);
  }

  /**
   * sum ← sum + scale·Σ_n x.
   *
   * @param x (N, C)
   * @param sum (C), added to
   */
  public static void sumRows(ReduceDims d, float scale, Floats x, Floats sum) {
    assert x.length() == d.size() && sum.length() == d.c();
    if (d.c() == 1) {
      sum.array()[sum.offset()] += sum(x, scale);
      return;
    }
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    inBlocks(
        d,
        sum,
        (row, columns, to, at) -> {
          int from = x.offset() + row;
          int c = 0;
          for (; c <= columns - Lanes.COUNT; c += Lanes.COUNT) {
            FloatVector.fromArray(SPECIES, x.array(), from + c)
                .fma(factor, FloatVector.fromArray(SPECIES, to, at + c))
                .intoArray(to, at + c);
          }
          for (; c < columns; c++) {
            to[at + c] = Math.fma(x.array()[from + c], scale, to[at + c]);
          }
        });
  }

  /**
   * sum ← sum + Σ_n x·y.
   *
   * @param x (N, C)
   * @param y (N, C)
   * @param sum (C), added to
   */
  public static void sumRowsOfProducts(ReduceDims d, Floats x, Floats y, Floats sum) {
    assert x.length() == d.size() && y.length() == d.size() && sum.length() == d.c();
    if (d.c() == 1) {
      sum.array()[sum.offset()] += sumOfProducts(x, y);
      return;
    }
    inBlocks(
        d,
        sum,
        (row, columns, to, at) -> {
          int fromX = x.offset() + row;
          int fromY = y.offset() + row;
          int c = 0;
          for (; c <= columns - Lanes.COUNT; c += Lanes.COUNT) {
            FloatVector.fromArray(SPECIES, x.array(), fromX + c)
                .fma(
                    FloatVector.fromArray(SPECIES, y.array(), fromY + c),
                    FloatVector.fromArray(SPECIES, to, at + c))
                .intoArray(to, at + c);
          }
          for (; c < columns; c++) {
            to[at + c] = Math.fma(x.array()[fromX + c], y.array()[fromY + c], to[at + c]);
          }
        });
  }

  private static float sumOfProducts(Floats x, Floats y) {
    int tasks = Math.ceilDiv(x.length(), ELEMENTS_PER_SUM);
    double[] partial = new double[tasks];
    Parallel.run(
        tasks,
        task -> {
          int from = task * ELEMENTS_PER_SUM;
          int length = Math.min(ELEMENTS_PER_SUM, x.length() - from);
          partial[task] =
              Lanes.dot(x.array(), x.offset() + from, y.array(), y.offset() + from, length);
        });
    double sum = 0;
    for (double part : partial) {
      sum += part;
    }
    return (float) sum;
  }

  /**
   * Adds a piece of a row, which begins at element {@code row} of x, to {@code to} at {@code at}.
   */
  @FunctionalInterface
  private interface RowPiece {
    void addTo(int row, int columns, float[] to, int at);
  }

  /** Cuts rows and columns into blocks, sums each by itself and joins them in order. */
  private static void inBlocks(ReduceDims d, Floats sum, RowPiece piece) {
    int rowBlocks = Math.ceilDiv(d.n(), ROWS_PER_SUM);
    int columnBlocks = Math.ceilDiv(d.c(), COLUMNS_PER_TASK);
    // A single block of rows is added where it belongs; several need room of their own first.
    Floats partial = rowBlocks <= 1 ? sum : Floats.zeros(rowBlocks * d.c());
    Parallel.run(
        rowBlocks * columnBlocks,
        task -> {
          int rowBlock = task / columnBlocks;
          int column = task % columnBlocks * COLUMNS_PER_TASK;
          int columns = Math.min(COLUMNS_PER_TASK, d.c() - column);
          int at = partial.offset() + rowBlock * d.c() + column;
          int end = Math.min(d.n(), (rowBlock + 1) * ROWS_PER_SUM);
          for (int n = rowBlock * ROWS_PER_SUM; n < end; n++) {
            piece.addTo(n * d.c() + column, columns, partial.array(), at);
          }
        });
    if (rowBlocks > 1) {
      for (int rowBlock = 0; rowBlock < rowBlocks; rowBlock++) {
        Lanes.accumulate(sum, partial.slice(rowBlock * d.c(), d.c()));
      }
    }
  }

  /**
   * sum = scale·Σ_c x.
   *
   * @param x (N, C)
   * @param sum (N), written
   */
  public static void sumColumns(ReduceDims d, float scale, Floats x, Floats sum) {
    assert x.length() == d.size() && sum.length() == d.n();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            sum.array()[sum.offset() + n] =
                scale * Lanes.sum(x.array(), x.offset() + n * d.c(), d.c());
          }
        });
  }

  /**
   * The largest element of each row and its place.
   *
   * @param x (N, C), C ≥ 1
   * @param max (N), written
   * @param index (N), written
   */
  public static void max(ReduceDims d, Floats x, Floats max, int[] index) {
    assert x.length() == d.size() && max.length() == d.n() && index.length == d.n();
    assert d.c() > 0 || d.n() == 0 : "the maximum of nothing";
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(2 * d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            int row = x.offset() + n * d.c();
            float largest = largest(x.array(), row, d.c());
            max.array()[max.offset() + n] = largest;
            index[n] = find(x.array(), row, d.c(), largest);
          }
        });
  }

  /**
   * Math.max gives the same whatever the order, NaN included, so lanes may be reduced as they are.
   */
  private static float largest(float[] x, int row, int length) {
    FloatVector largest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int c = 0;
    for (; c <= length - Lanes.COUNT; c += Lanes.COUNT) {
      largest = largest.max(FloatVector.fromArray(SPECIES, x, row + c));
    }
    float result = largest.reduceLanes(VectorOperators.MAX);
    for (; c < length; c++) {
      result = Math.max(result, x[row + c]);
    }
    return result;
  }

  private static int find(float[] x, int row, int length, float wanted) {
    boolean nan = Float.isNaN(wanted);
    for (int c = 0; c < length; c++) {
      float value = x[row + c];
      if (value == wanted || (nan && Float.isNaN(value))) {
        return c;
      }
    }
    throw new AssertionError("the maximum is one of the elements");
  }

  /**
   * The gradient of {@link #sumRows}: dx = scale·dy in every row. With C = 1 the gradient of a sum
   * over everything.
   *
   * @param dy (C)
   * @param dx (N, C), written
   */
  public static void sumRowsBackward(ReduceDims d, float scale, Floats dy, Floats dx) {
    assert dy.length() == d.c() && dx.length() == d.size();
    if (d.c() == 1) {
      dx.fill(scale * dy.array()[dy.offset()]);
      return;
    }
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            int to = dx.offset() + n * d.c();
            for (int c = 0; c < d.c(); c += Lanes.COUNT) {
              VectorMask<Float> in = Lanes.below(c, d.c());
              FloatVector.fromArray(SPECIES, dy.array(), dy.offset() + c, in)
                  .mul(scale)
                  .intoArray(dx.array(), to + c, in);
            }
          }
        });
  }

  /**
   * The gradient of {@link #sumColumns}: dx = scale·dy in every column.
   *
   * @param dy (N)
   * @param dx (N, C), written
   */
  public static void sumColumnsBackward(ReduceDims d, float scale, Floats dy, Floats dx) {
    assert dy.length() == d.n() && dx.length() == d.size();
    Parallel.rows(
        d.n(),
        Parallel.rowsPerTask(d.c()),
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            int to = dx.offset() + n * d.c();
            Arrays.fill(dx.array(), to, to + d.c(), scale * dy.array()[dy.offset() + n]);
          }
        });
  }

  /**
   * The gradient of {@link #max}: dx = dy at the maximum, 0 elsewhere.
   *
   * @param index (N), from {@link #max}
   * @param dy (N)
   * @param dx (N, C), written
   */
  public static void maxBackward(ReduceDims d, int[] index, Floats dy, Floats dx) {
    assert index.length == d.n() && dy.length() == d.n() && dx.length() == d.size();
    dx.fill(0);
    for (int n = 0; n < d.n(); n++) {
      dx.array()[dx.offset() + n * d.c() + index[n]] = dy.array()[dy.offset() + n];
    }
  }
}
