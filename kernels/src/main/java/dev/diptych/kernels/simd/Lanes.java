package dev.diptych.kernels.simd;

import dev.diptych.kernels.memory.Floats;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The only chooser of a vector width: every kernel computes with {@link #SPECIES}, the widest that
 * the machine has, 128, 256 or 512 bits ({@code -XX:MaxVectorSize=16|32|64} narrows it).
 */
public final class Lanes {
  /** The vector shape of all f32 kernels. */
  public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Vectors of as many ints. */
  public static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, SPECIES.vectorShape());

  /** Floats in one vector: 4, 8 or 16. */
  public static final int COUNT = SPECIES.length();

  private static final VectorShuffle<Float> TURN_8 = turn(8);

  private static final VectorShuffle<Float> TURN_4 = turn(4);
  private static final VectorShuffle<Float> TURN_2 = turn(2);
  private static final VectorShuffle<Float> TURN_1 = turn(1);

  private Lanes() {}

  private static VectorShuffle<Float> turn(int by) {
    return VectorShuffle.iota(SPECIES, by % COUNT, 1, true);
  }

  /**
   * The sum of the lanes, always in the same order. {@code reduceLanes(ADD)} leaves the order open,
   * and it does change, in one process, when the compiler replaces the interpreter; kernels must
   * not use it.
   */
  public static float sum(FloatVector x) {
    FloatVector sum = x;
    if (COUNT >= 16) {
      sum = sum.add(sum.rearrange(TURN_8));
    }
    if (COUNT >= 8) {
      sum = sum.add(sum.rearrange(TURN_4));
    }
    sum = sum.add(sum.rearrange(TURN_2));
    return sum.add(sum.rearrange(TURN_1)).lane(0);
  }

  /** The mask of the lanes of a vector at {@code index} that are below {@code end}. */
  public static VectorMask<Float> below(int index, int end) {
    return SPECIES.indexInRange(index, end);
  }

  /** Σ x_i over {@code length} elements from {@code offset}. */
  public static float sum(float[] x, int offset, int length) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= length - COUNT; i += COUNT) {
      sum = sum.add(FloatVector.fromArray(SPECIES, x, offset + i));
    }
    float total = sum(sum);
    for (; i < length; i++) {
      total += x[offset + i];
    }
    return total;
  }

  /** Σ x_i · y_i over {@code length} elements. */
  public static float dot(float[] x, int xOffset, float[] y, int yOffset, int length) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= length - COUNT; i += COUNT) {
      sum =
          FloatVector.fromArray(SPECIES, x, xOffset + i)
              .fma(FloatVector.fromArray(SPECIES, y, yOffset + i), sum);
    }
    float total = sum(sum);
    for (; i < length; i++) {
      total = Math.fma(x[xOffset + i], y[yOffset + i], total);
    }
    return total;
  }

  /** y ← y + x, element by element; the runs must be equally long. */
  public static void accumulate(Floats y, Floats x) {
    assert x.length() == y.length();
    float[] to = y.array();
    float[] from = x.array();
    int length = y.length();
    int i = 0;
    for (; i <= length - COUNT; i += COUNT) {
      FloatVector.fromArray(SPECIES, to, y.offset() + i)
          .add(FloatVector.fromArray(SPECIES, from, x.offset() + i))
          .intoArray(to, y.offset() + i);
    }
    for (; i < length; i++) {
      to[y.offset() + i] += from[x.offset() + i];
    }
  }
}
