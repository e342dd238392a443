package dev.diptych.kernels.embedding;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The embedding with the Vector API on all threads. */
public final class EmbeddingCpu {
  /** Columns that one task of the backward pass owns: whole cache lines, so tasks share few. */
  private static final int COLUMNS_PER_TASK = 64;

  private EmbeddingCpu() {}

  /**
   * y_bt = table_id(b,t) + positions_t.
   *
   * @param ids (B, T), each in [0, V): the caller has checked
   * @param table (V, C)
   * @param positions (T, C)
   * @param y (B, T, C), written
   */
  public static void forward(EmbeddingDims d, int[] ids, Floats table, Floats positions, Floats y) {
    assert ids.length == d.tokens() && table.length() == d.v() * d.c();
    assert positions.length() == d.t() * d.c() && y.length() == d.tokens() * d.c();
    Parallel.rows(
        d.tokens(),
        Parallel.rowsPerTask(2 * d.c()),
        (begin, end) -> {
          for (int row = begin; row < end; row++) {
            assert ids[row] >= 0 && ids[row] < d.v();
            addRow(
                table.array(),
                table.offset() + ids[row] * d.c(),
                positions.array(),
                positions.offset() + row % d.t() * d.c(),
                y.array(),
                y.offset() + row * d.c(),
                d.c());
          }
        });
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param ids (B, T)
   * @param dy (B, T, C)
   * @param dTable (V, C), added to
   * @param dPositions (T, C), added to
   */
  public static void backward(
      EmbeddingDims d, int[] ids, Floats dy, Floats dTable, Floats dPositions) {
    assert ids.length == d.tokens() && dTable.length() == d.v() * d.c();
    assert dPositions.length() == d.t() * d.c() && dy.length() == d.tokens() * d.c();
    Parallel.run(
        Math.ceilDiv(d.c(), COLUMNS_PER_TASK),
        task -> {
          int column = task * COLUMNS_PER_TASK;
          int columns = Math.min(COLUMNS_PER_TASK, d.c() - column);
          for (int row = 0; row < d.tokens(); row++) {
            int from = dy.offset() + row * d.c() + column;
            int toTable = dTable.offset() + ids[row] * d.c() + column;
            int toPositions = dPositions.offset() + row % d.t() * d.c() + column;
            addRow(dy.array(), from, dTable.array(), toTable, dTable.array(), toTable, columns);
            addRow(
                dy.array(),
                from,
                dPositions.array(),
                toPositions,
                dPositions.array(),
                toPositions,
                columns);
          }
        });
  }

  private static void addRow(
      float[] a, int atA, float[] b, int atB, float[] y, int atY, int length) {
    int i = 0;
    for (; i <= length - Lanes.COUNT; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, a, atA + i)
          .add(FloatVector.fromArray(SPECIES, b, atB + i))
          .intoArray(y, atY + i);
    }
    if (i < length) {
      VectorMask<Float> in = Lanes.below(i, length);
      FloatVector.fromArray(SPECIES, a, atA + i, in)
          .add(FloatVector.fromArray(SPECIES, b, atB + i, in))
          .intoArray(y, atY + i, in);
    }
  }
}
