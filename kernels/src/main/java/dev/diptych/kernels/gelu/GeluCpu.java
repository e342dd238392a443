package dev.diptych.kernels.gelu;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import dev.diptych.kernels.simd.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Both GELUs with the Vector API on all threads. */
public final class GeluCpu {
  private static final int ELEMENTS_PER_TASK = 4096;

  private GeluCpu() {}

  /**
   * y = activation(x).
   *
   * @param x (N)
   * @param y (N), written; may be x
   */
  public static void forward(GeluDims d, Floats x, Floats y) {
    assert x.length() == d.n() && y.length() == d.n();
    Parallel.rows(
        d.n(),
        ELEMENTS_PER_TASK,
        (begin, end) -> {
          // One loop for each, so that the compiler sees one function in it.
          switch (d.activation()) {
            case QUICK_GELU -> quick(x, y, begin, end);
            case GELU -> exact(x, y, begin, end);
          }
        });
  }

  private static void quick(Floats x, Floats y, int begin, int end) {
    for (int i = begin; i < end; i += Lanes.COUNT) {
      VectorMask<Float> in = Lanes.below(i, end);
      VectorMath.quickGelu(FloatVector.fromArray(SPECIES, x.array(), x.offset() + i, in))
          .intoArray(y.array(), y.offset() + i, in);
    }
  }

  private static void exact(Floats x, Floats y, int begin, int end) {
    for (int i = begin; i < end; i += Lanes.COUNT) {
      VectorMask<Float> in = Lanes.below(i, end);
      VectorMath.gelu(FloatVector.fromArray(SPECIES, x.array(), x.offset() + i, in))
          .intoArray(y.array(), y.offset() + i, in);
    }
  }

  /**
   * dx = dy·activation′(x).
   *
   * @param x (N), as given to {@link #forward}
   * @param dy (N)
   * @param dx (N), written; may be dy or x
   */
  public static void backward(GeluDims d, Floats x, Floats dy, Floats dx) {
    assert x.length() == d.n() && dy.length() == d.n() && dx.length() == d.n();
    Parallel.rows(
        d.n(),
        ELEMENTS_PER_TASK,
        (begin, end) -> {
          switch (d.activation()) {
            case QUICK_GELU -> quickBackward(x, dy, dx, begin, end);
            case GELU -> exactBackward(x, dy, dx, begin, end);
          }
        });
  }

  private static void quickBackward(Floats x, Floats dy, Floats dx, int begin, int end) {
    int bound = begin + SPECIES.loopBound(end - begin);
    for (int i = begin; i < bound; i += Lanes.COUNT) {
      VectorMath.quickGeluDerivative(FloatVector.fromArray(SPECIES, x.array(), x.offset() + i))
          .mul(FloatVector.fromArray(SPECIES, dy.array(), dy.offset() + i))
          .intoArray(dx.array(), dx.offset() + i);
    }
    if (bound < end) {
      VectorMask<Float> in = Lanes.below(bound, end);
      VectorMath.quickGeluDerivative(
              FloatVector.fromArray(SPECIES, x.array(), x.offset() + bound, in))
          .mul(FloatVector.fromArray(SPECIES, dy.array(), dy.offset() + bound, in))
          .intoArray(dx.array(), dx.offset() + bound, in);
    }
  }

  private static void exactBackward(Floats x, Floats dy, Floats dx, int begin, int end) {
    int bound = begin + SPECIES.loopBound(end - begin);
    for (int i = begin; i < bound; i += Lanes.COUNT) {
      VectorMath.geluDerivative(FloatVector.fromArray(SPECIES, x.array(), x.offset() + i))
          .mul(FloatVector.fromArray(SPECIES, dy.array(), dy.offset() + i))
          .intoArray(dx.array(), dx.offset() + i);
    }
    if (bound < end) {
      VectorMask<Float> in = Lanes.below(bound, end);
      VectorMath.geluDerivative(FloatVector.fromArray(SPECIES, x.array(), x.offset() + bound, in))
          .mul(FloatVector.fromArray(SPECIES, dy.array(), dy.offset() + bound, in))
          .intoArray(dx.array(), dx.offset() + bound, in);
    }
  }
}
