package dev.diptych.kernels.contrastive;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.simd.Lanes;
import dev.diptych.kernels.simd.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * What is known of many rows (or columns) of logits after a part of them: Σ exp(s − shift) with the
 * shift that keeps it in range, the sum and the largest of the positives, the largest of the rest.
 * Parts are joined by {@link #join}.
 */
final class LogSumExps {
  private static final int FIELDS = 5;

  final float[] array;

  /** Where Σ exp(s − shift), the shifts, and so on begin in {@link #array}. */
  final int sum;

  final int shift;
  final int positiveSum;
  final int bestPositive;
  final int bestNegative;
  private final int size;

  LogSumExps(Floats memory, int size) {
    assert memory.length() == floats(size);
    this.array = memory.array();
    this.size = size;
    sum = memory.offset();
    shift = sum + size;
    positiveSum = shift + size;
    bestPositive = positiveSum + size;
    bestNegative = bestPositive + size;
  }

  /** The floats that {@code size} rows take. */
  static int floats(int size) {
    return FIELDS * size;
  }

  /** Forgets all: nothing of any row has been seen. */
  void clear() {
    fill(sum, 0);
    // Not −∞: the difference of two shifts must be a number.
    fill(shift, -Float.MAX_VALUE);
    fill(positiveSum, 0);
    fill(bestPositive, Float.NEGATIVE_INFINITY);
    fill(bestNegative, Float.NEGATIVE_INFINITY);
  }

  private void fill(int field, float value) {
    java.util.Arrays.fill(array, field, field + size, value);
  }

  /** Adds one positive logit to what is known of a row. */
  void addPositive(int row, float logit) {
    array[positiveSum + row] += logit;
    array[bestPositive + row] = Math.max(array[bestPositive + row], logit);
  }

  /** The largest logit of a row, positive or not. */
  float best(int row) {
    return Math.max(array[bestPositive + row], array[bestNegative + row]);
  }

  /** log Σ exp(s) of a row. */
  double logSumExp(int row) {
    // StrictMath, because its bits are the same in interpreted and compiled code.
    return array[shift + row] + StrictMath.log(array[sum + row]);
  }

  /** Whether the largest logit of a row is a positive one, and no other is as large. */
  boolean isCorrect(int row) {
    return array[bestPositive + row] > array[bestNegative + row];
  }

  /** Joins to the rows from {@code at} what {@code part} knows of its first {@code rows} rows. */
  void join(int at, LogSumExps part, int rows) {
    joinSums(array, sum + at, shift + at, part.array, part.sum, part.shift, rows);
    add(array, positiveSum + at, part.array, part.positiveSum, rows);
    max(array, bestPositive + at, part.array, part.bestPositive, rows);
    max(array, bestNegative + at, part.array, part.bestNegative, rows);
  }

  // Small methods: one with all of this in it is more than the first compiler can take.

  private static void joinSums(
      float[] to, int toSum, int toShift, float[] from, int fromSum, int fromShift, int length) {
    for (int i = 0; i < length; i += Lanes.COUNT) {
      VectorMask<Float> in = Lanes.below(i, length);
      FloatVector mine = FloatVector.fromArray(SPECIES, to, toShift + i, in);
      FloatVector its = FloatVector.fromArray(SPECIES, from, fromShift + i, in);
      mine.max(its).intoArray(to, toShift + i, in);
      // One of the two shifts is the larger one, so one sum keeps its size and one shrinks.
      FloatVector shrink = VectorMath.exp(mine.sub(its).abs().neg());
      VectorMask<Float> mineIsLarger = mine.compare(VectorOperators.GT, its);
      FloatVector mySum = FloatVector.fromArray(SPECIES, to, toSum + i, in);
      FloatVector itsSum = FloatVector.fromArray(SPECIES, from, fromSum + i, in);
      FloatVector large = itsSum.blend(mySum, mineIsLarger);
      FloatVector small = mySum.blend(itsSum, mineIsLarger);
      small.fma(shrink, large).intoArray(to, toSum + i, in);
    }
  }

  private static void add(float[] to, int at, float[] from, int begin, int length) {
    for (int i = 0; i < length; i++) {
      to[at + i] += from[begin + i];
    }
  }

  private static void max(float[] to, int at, float[] from, int begin, int length) {
    for (int i = 0; i < length; i++) {
      to[at + i] = Math.max(to[at + i], from[begin + i]);
    }
  }
}
