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

  private static final float ONE_OVER_SQRT_2 = 0.70710678f;
  private static final float ONE_OVER_SQRT_2_PI = 0.39894228f;

  private static final float LARGEST = 88.72284f; // exp of anything above is infinite
  private static final float SMALLEST = -87.33655f; // exp of anything below is subnormal: 0 here

  // Constants as vectors: a method that makes them on the way grows past what the compiler inlines,
  // and then every vector in it goes to the heap.
  private static final FloatVector MINUS_LN2_HIGH = broadcast(-LN2_HIGH);
  private static final FloatVector MINUS_LN2_LOW = broadcast(-LN2_LOW);
  private static final FloatVector EXP_1 = broadcast(1.9875691500e-4f);
  private static final FloatVector EXP_2 = broadcast(1.3981999507e-3f);
  private static final FloatVector EXP_3 = broadcast(8.3334519073e-3f);
  private static final FloatVector EXP_4 = broadcast(4.1665795894e-2f);
  private static final FloatVector EXP_5 = broadcast(1.6666665459e-1f);
  private static final FloatVector EXP_6 = broadcast(5.0000001201e-1f);
  private static final FloatVector ONE = broadcast(1f);
  private static final FloatVector TAIL_1 = broadcast(-1.72853470e-5f);
  private static final FloatVector TAIL_2 = broadcast(3.83197126e-4f);
  private static final FloatVector TAIL_3 = broadcast(-3.88396438e-3f);
  private static final FloatVector TAIL_4 = broadcast(2.42546219e-2f);
  private static final FloatVector TAIL_5 = broadcast(-1.06777877e-1f);
  private static final FloatVector TAIL_6 = broadcast(-6.34846687e-1f);
  private static final FloatVector TAIL_7 = broadcast(-1.28717512e-1f);
  private static final FloatVector NEAR_1 = broadcast(-5.96761703e-4f);
  private static final FloatVector NEAR_2 = broadcast(4.99119423e-3f);
  private static final FloatVector NEAR_3 = broadcast(-2.67681349e-2f);
  private static final FloatVector NEAR_4 = broadcast(1.12819925e-1f);
  private static final FloatVector NEAR_5 = broadcast(-3.76125336e-1f);
  private static final FloatVector NEAR_6 = broadcast(1.28379166e-1f);
  private static final FloatVector HALF = broadcast(0.5f);

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
    FloatVector r = n.fma(MINUS_LN2_HIGH, bounded);
    r = n.fma(MINUS_LN2_LOW, r);
    FloatVector p = EXP_1;
    p = p.fma(r, EXP_2);
    p = p.fma(r, EXP_3);
    p = p.fma(r, EXP_4);
    p = p.fma(r, EXP_5);
    p = p.fma(r, EXP_6);
    p = p.fma(r.mul(r), r).add(1f);
    // 2ⁿ as two factors, since 2¹²⁸ is no float while e^88.7 is one.
    IntVector power = (IntVector) n.convertShape(VectorOperators.F2I, Lanes.INTS, 0);
    IntVector half = power.lanewise(VectorOperators.ASHR, 1);
    FloatVector y = p.mul(powerOfTwo(half)).mul(powerOfTwo(power.sub(half)));
    return y.blend(0f, x.lt(SMALLEST))
        .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, LARGEST));
  }

  /** x·sigmoid(1.702·x) = x / (1 + e^(−1.702·x)). NaN for −∞, as in other implementations. */
  public static FloatVector quickGelu(FloatVector x) {
    return x.div(exp(x.mul(-1.702f)).add(1f));
  }

  /** The derivative of {@link #quickGelu}: s·(1 + 1.702·x·(1 − s)) with s = sigmoid(1.702·x). */
  public static FloatVector quickGeluDerivative(FloatVector x) {
    FloatVector scaled = x.mul(1.702f);
    // 1 − s as e·s loses no digits; the bound keeps e finite where s has long become 0.
    FloatVector e = exp(scaled.neg().min(80f));
    FloatVector s = ONE.div(e.add(1f));
    return scaled.mul(e.mul(s)).fma(s, s);
  }

  /** x·Φ(x), exact GELU. NaN for −∞, as in other implementations. */
  public static FloatVector gelu(FloatVector x) {
    return x.mul(normalCdf(x));
  }

  /** The derivative of {@link #gelu}: Φ(x) + x·φ(x). */
  public static FloatVector geluDerivative(FloatVector x) {
    FloatVector density = exp(x.mul(x).mul(-0.5f)).mul(ONE_OVER_SQRT_2_PI);
    return x.fma(density, normalCdf(x));
  }

  /**
   * Φ(x) = (1 + erf(x/√2))/2, the normal distribution function, within 1.5e-7.
   *
   * <p>Two polynomials after N. Juffa: erf(t) near 0; and log(1 − erf(t)) beyond, which also keeps
   * the left tail free of cancellation: there Φ(x) = (1 − erf(t))/2 with t = |x|/√2.
   */
  public static FloatVector normalCdf(FloatVector x) {
    FloatVector z = x.mul(ONE_OVER_SQRT_2);
    FloatVector t = z.abs().min(10f);
    FloatVector s = t.mul(t);
    FloatVector tail = t.fma(TAIL_1, TAIL_2);
    tail = tail.fma(s, t.fma(TAIL_3, TAIL_4));
    tail = tail.fma(t, TAIL_5);
    tail = tail.fma(t, TAIL_6);
    tail = tail.fma(t, TAIL_7);
    tail = exp(tail.fma(t, t.neg())).mul(0.5f);
    FloatVector near = NEAR_1;
    near = near.fma(s, NEAR_2);
    near = near.fma(s, NEAR_3);
    near = near.fma(s, NEAR_4);
    near = near.fma(s, NEAR_5);
    near = near.fma(s, NEAR_6);
    near = near.fma(z, z).fma(HALF, HALF);
    FloatVector far = tail.blend(ONE.sub(tail), z.compare(VectorOperators.GT, 0f));
    return near.blend(far, t.compare(VectorOperators.GT, 0.927734375f));
  }

  private static FloatVector powerOfTwo(IntVector n) {
    return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }
}
