package dev.diptych.kernels.matmul;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The epilogues on one finished tile of C. */
final class EpilogueKernels {
  private EpilogueKernels() {}

  /**
   * Applies {@code epilogue} to a tile of C.
   *
   * @param c all of C, whose layout the runs of the epilogue share
   * @param tile index in C's array of the tile's first element
   * @param column the tile's first column
   */
  static void run(
      Epilogue epilogue, Floats c, int tile, int rowStride, int rows, int column, int columns) {
    switch (epilogue) {
      case Epilogue.None none -> {}
      case Epilogue.Accumulate accumulate -> {} // by the tile kernel
      case Epilogue.Bias(Floats bias) ->
          bias(c.array(), tile, rowStride, rows, columns, bias.array(), bias.offset() + column);
      case Epilogue.BiasActivation(Floats bias, Activation activation, Floats preActivation) -> {
        int from = bias.offset() + column;
        bias(c.array(), tile, rowStride, rows, columns, bias.array(), from);
        if (preActivation != null) {
          int saved = preActivation.offset() + tile - c.offset();
          copy(c.array(), tile, rowStride, rows, columns, preActivation.array(), saved);
        }
        activate(c.array(), tile, rowStride, rows, columns, activation);
      }
      case Epilogue.BiasResidual(Floats bias, Floats residual) -> {
        int from = bias.offset() + column;
        bias(c.array(), tile, rowStride, rows, columns, bias.array(), from);
        from = residual.offset() + tile - c.offset();
        add(c.array(), tile, rowStride, rows, columns, residual.array(), from, rowStride);
      }
    }
  }

  private static void bias(
      float[] c, int tile, int rowStride, int rows, int columns, float[] bias, int from) {
    add(c, tile, rowStride, rows, columns, bias, from, 0);
  }

  /** Adds to the tile; a stride of 0 adds the same row to every row. */
  static void add(
      float[] c,
      int tile,
      int rowStride,
      int rows,
      int columns,
      float[] x,
      int from,
      int fromStride) {
    int bound = SPECIES.loopBound(columns);
    VectorMask<Float> tail = Lanes.below(bound, columns);
    for (int i = 0; i < rows; i++) {
      int row = tile + i * rowStride;
      int source = from + i * fromStride;
      for (int j = 0; j < bound; j += Lanes.COUNT) {
        FloatVector.fromArray(SPECIES, c, row + j)
            .add(FloatVector.fromArray(SPECIES, x, source + j))
            .intoArray(c, row + j);
      }
      if (bound < columns) {
        FloatVector.fromArray(SPECIES, c, row + bound, tail)
            .add(FloatVector.fromArray(SPECIES, x, source + bound, tail))
            .intoArray(c, row + bound, tail);
      }
    }
  }

  private static void activate(
      float[] c, int tile, int rowStride, int rows, int columns, Activation activation) {
    int bound = SPECIES.loopBound(columns);
    VectorMask<Float> tail = Lanes.below(bound, columns);
    for (int i = 0; i < rows; i++) {
      int row = tile + i * rowStride;
      for (int j = 0; j < bound; j += Lanes.COUNT) {
        activation.apply(FloatVector.fromArray(SPECIES, c, row + j)).intoArray(c, row + j);
      }
      if (bound < columns) {
        activation
            .apply(FloatVector.fromArray(SPECIES, c, row + bound, tail))
            .intoArray(c, row + bound, tail);
      }
    }
  }

  /** Copies the tile to a run with the same row stride. */
  private static void copy(
      float[] c, int tile, int rowStride, int rows, int columns, float[] target, int to) {
    for (int i = 0; i < rows; i++) {
      System.arraycopy(c, tile + i * rowStride, target, to + i * rowStride, columns);
    }
  }
}
