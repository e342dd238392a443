package dev.diptych.kernels.simd;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Functions of mathematics on vectors, made of multiply-adds alone. {@code lanewise(EXP)} and its
 * kin would be faster, but give other bits when interpreted than when compiled, so that a training
 * run could not be repeated exactly.
 */
public final class VectorMath {
  private static final float LOG2_E = 1.44269504088896341f;

  /** ln 2 in two parts; the first has few bits, so that n·LN2_HIGH is exact. */
  private static final float LN2_HIGH = 0.693359375f;

  private static final float LN2_LOW = -2.12194440e-4f;

  /** Adding and taking away 1.5·2²³ rounds to the nearest integer. */
  private static final float ROUND = 12582912f;

  private static final float LARGEST = 88.72284f; // exp of anything above is infinite
  private static final float SMALLEST = -87.33655f; // exp of anything below is subnormal: 0 here

  private VectorMath() {}

  /**
   * e^x within 2 units in the last place; 0 where the result would be subnormal (x &lt; −87.34),
   * infinite above 88.72, NaN for NaN.
   *
   * <p>x = n·ln 2 + r with |r| ≤ ln 2/2; e^r by the degree-7 polynomial of Cephes' expf; times 2ⁿ.
   */
  public static FloatVector exp(FloatVector x) {
    FloatVector bounded = x.max(SMALLEST).min(LARGEST);
    FloatVector n = bounded.mul(LOG2_E).add(ROUND).sub(ROUND);
    FloatVector r = n.fma(broadcast(-LN2_HIGH), bounded);
    r = n.fma(broadcast(-LN2_LOW), r);
    FloatVector p = broadcast(1.9875691500e-4f);
    p = p.fma(r, broadcast(1.3981999507e-3f));
    p = p.fma(r, broadcast(8.3334519073e-3f));
    p = p.fma(r, broadcast(4.1665795894e-2f));
    p = p.fma(r, broadcast(1.6666665459e-1f));
    p = p.fma(r, broadcast(5.0000001201e-1f));
    p = p.fma(r.mul(r), r).add(1f);
    // 2ⁿ as two factors, since 2¹²⁸ is no float while e^88.7 is one.
    IntVector power = (IntVector) n.convertShape(VectorOperators.F2I, Lanes.INTS, 0);
    IntVector half = power.lanewise(VectorOperators.ASHR, 1);
    FloatVector y = p.mul(powerOfTwo(half)).mul(powerOfTwo(power.sub(half)));
    return y.blend(0f, x.lt(SMALLEST))
        .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, LARGEST));
  }

  private static FloatVector powerOfTwo(IntVector n) {
    return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }
}
