package dev.diptych.kernels.adamw;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** AdamW in one pass with the Vector API on all threads, and the norm that clipping needs. */
public final class AdamWCpu {
  /** Parameters of one task; fixed, so that sums do not depend on the threads. */
  private static final int PER_TASK = 16_384;

  private AdamWCpu() {}

  /**
   * One step over the parameters {@code begin ≤ i < end}; nothing changes if the scale of the
   * gradients is NaN.
   *
   * @param numbers (8), of {@link AdamWStep#packed}
   * @param p (n) parameters, changed
   * @param g (n) gradients, before they are scaled by {@link AdamWStep#gradientScale}
   * @param m (n) running mean of the gradients, changed; zeros before step 1
   * @param v (n) running mean of their squares, changed; zeros before step 1
   */
  public static void update(
      Floats numbers, Floats p, Floats g, Floats m, Floats v, int begin, int end) {
    assert numbers.length() == AdamWStep.NUMBERS;
    assert g.length() == p.length() && m.length() == p.length() && v.length() == p.length();
    assert 0 <= begin && begin <= end && end <= p.length();
    float[] step = numbers.toArray();
    if (Float.isNaN(step[AdamWStep.SCALE])) {
      return;
    }
    Parallel.rows(
        end - begin,
        PER_TASK,
        (from, to) ->
            update(
                step,
                p.slice(begin + from, to - from),
                g.slice(begin + from, to - from),
                m.slice(begin + from, to - from),
                v.slice(begin + from, to - from)));
  }

  private static void update(float[] step, Floats p, Floats g, Floats m, Floats v) {
    int bound = SPECIES.loopBound(p.length());
    FloatVector restOfBeta1 = FloatVector.broadcast(SPECIES, step[0]);
    FloatVector beta2 = FloatVector.broadcast(SPECIES, step[1]);
    float restOfBeta2 = step[2];
    float keep = step[3];
    FloatVector stepSize = FloatVector.broadcast(SPECIES, -step[4]);
    float rootCorrection = step[5];
    float epsilon = step[6];
    float scale = step[AdamWStep.SCALE];
    for (int i = 0; i < p.length(); i += Lanes.COUNT) {
      // The mask that is all true is spelled out because unmasked loads and stores are faster.
      if (i < bound) {
        FloatVector gradient = load(g, i).mul(scale);
        FloatVector mean = load(m, i);
        mean = gradient.sub(mean).fma(restOfBeta1, mean);
        FloatVector square = load(v, i).mul(beta2).add(gradient.mul(gradient).mul(restOfBeta2));
        mean.intoArray(m.array(), m.offset() + i);
        square.intoArray(v.array(), v.offset() + i);
        mean.div(square.sqrt().div(rootCorrection).add(epsilon))
            .fma(stepSize, load(p, i).mul(keep))
            .intoArray(p.array(), p.offset() + i);
      } else {
        VectorMask<Float> in = Lanes.below(i, p.length());
        FloatVector gradient = load(g, i, in).mul(scale);
        FloatVector mean = load(m, i, in);
        mean = gradient.sub(mean).fma(restOfBeta1, mean);
        FloatVector square = load(v, i, in).mul(beta2).add(gradient.mul(gradient).mul(restOfBeta2));
        mean.intoArray(m.array(), m.offset() + i, in);
        square.intoArray(v.array(), v.offset() + i, in);
        mean.div(square.sqrt().div(rootCorrection).add(epsilon))
            .fma(stepSize, load(p, i, in).mul(keep))
            .intoArray(p.array(), p.offset() + i, in);
      }
    }
  }

  private static FloatVector load(Floats x, int i) {
    return FloatVector.fromArray(SPECIES, x.array(), x.offset() + i);
  }

  private static FloatVector load(Floats x, int i, VectorMask<Float> in) {
    return FloatVector.fromArray(SPECIES, x.array(), x.offset() + i, in);
  }

  /** Σ x², summed in double, in an order that depends on the length alone. */
  public static double sumOfSquares(Floats x) {
    int tasks = (x.length() + PER_TASK - 1) / PER_TASK;
    double[] partial = new double[tasks];
    Parallel.run(
        tasks,
        task -> {
          int from = task * PER_TASK;
          int length = Math.min(PER_TASK, x.length() - from);
          partial[task] = sumOfSquares(x.array(), x.offset() + from, length);
        });
    double sum = 0;
    for (double part : partial) {
      sum += part;
    }
    return sum;
  }

  /** Eight sums side by side, because one would wait for each addition to end. */
  private static double sumOfSquares(float[] x, int offset, int length) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    int i = offset;
    int end = offset + length;
    for (; i <= end - 8; i += 8) {
      s0 += square(x[i]);
      s1 += square(x[i + 1]);
      s2 += square(x[i + 2]);
      s3 += square(x[i + 3]);
      s4 += square(x[i + 4]);
      s5 += square(x[i + 5]);
      s6 += square(x[i + 6]);
      s7 += square(x[i + 7]);
    }
    for (; i < end; i++) {
      s0 += square(x[i]);
    }
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  }

  private static double square(double x) {
    return x * x;
  }
}
