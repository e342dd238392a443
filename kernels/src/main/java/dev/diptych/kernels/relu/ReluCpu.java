package dev.diptych.kernels.relu;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The rectifier with the Vector API on all threads. */
public final class ReluCpu {
  private static final int ELEMENTS_PER_TASK = 16_384;

  private ReluCpu() {}

  /**
   * y = max(x, 0); NaN stays NaN.
   *
   * @param x (N)
   * @param y (N), written; may be x
   */
  public static void forward(ReluDims d, Floats x, Floats y) {
    assert x.length() == d.n() && y.length() == d.n();
    Parallel.rows(d.n(), ELEMENTS_PER_TASK, (begin, end) -> forward(x, y, begin, end));
  }

  private static void forward(Floats x, Floats y, int begin, int end) {
    float[] from = x.array();
    float[] to = y.array();
    int bound = begin + SPECIES.loopBound(end - begin);
    for (int i = begin; i < bound; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, from, x.offset() + i).max(0).intoArray(to, y.offset() + i);
    }
    for (int i = bound; i < end; i++) {
      to[y.offset() + i] = Math.max(from[x.offset() + i], 0);
    }
  }

  /**
   * dx = dy where y &gt; 0 (or is NaN), else 0.
   *
   * @param y (N), of {@link #forward}
   * @param dy (N)
   * @param dx (N), written; may be dy
   */
  public static void backward(ReluDims d, Floats y, Floats dy, Floats dx) {
    assert y.length() == d.n() && dy.length() == d.n() && dx.length() == d.n();
    Parallel.rows(d.n(), ELEMENTS_PER_TASK, (begin, end) -> backward(y, dy, dx, begin, end));
  }

  private static void backward(Floats y, Floats dy, Floats dx, int begin, int end) {
    float[] ys = y.array();
    float[] from = dy.array();
    float[] to = dx.array();
    int bound = begin + SPECIES.loopBound(end - begin);
    for (int i = begin; i < bound; i += Lanes.COUNT) {
      FloatVector value = FloatVector.fromArray(SPECIES, ys, y.offset() + i);
      FloatVector.fromArray(SPECIES, from, dy.offset() + i)
          .blend(0, value.compare(VectorOperators.LE, 0))
          .intoArray(to, dx.offset() + i);
    }
    for (int i = bound; i < end; i++) {
      to[dx.offset() + i] = ys[y.offset() + i] <= 0 ? 0 : from[dy.offset() + i];
    }
  }
}
