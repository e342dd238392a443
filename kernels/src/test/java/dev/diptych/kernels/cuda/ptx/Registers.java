package dev.diptych.kernels.cuda.ptx;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How many registers of each class a kernel has. PTX has as many as it likes; the hardware's
 * assembler packs them later. Constants and special registers get rows of their own, filled once
 * when a warp starts, so that an instruction finds every operand in a row.
 */
final class Registers {
  private int words;
  private int wides;
  private int predicates;
  private final Map<Integer, Integer> wordConstants = new LinkedHashMap<>();
  private final Map<Long, Integer> wideConstants = new LinkedHashMap<>();
  private final Map<Boolean, Integer> predicateConstants = new LinkedHashMap<>();
  private final Map<String, Integer> specials = new LinkedHashMap<>();

  /** A new register. */
  Operand.Register declare(String name, Type type) {
    int row = type == Type.PRED ? predicates++ : type.isWide() ? wides++ : words++;
    return new Operand.Register(name, type, row);
  }

  /** The row that holds {@code value} in every lane. */
  int wordConstant(int value) {
    return wordConstants.computeIfAbsent(value, v -> words++);
  }

  /** The row of 64 bits that holds {@code value} in every lane. */
  int wideConstant(long value) {
    return wideConstants.computeIfAbsent(value, v -> wides++);
  }

  /** The predicate that is {@code value} in every lane. */
  int predicateConstant(boolean value) {
    return predicateConstants.computeIfAbsent(value, v -> predicates++);
  }

  /** The row of a register that the hardware fills. */
  int special(String name) {
    return specials.computeIfAbsent(name, n -> words++);
  }

  /** A row that nothing reads. */
  int scratchWord() {
    return words++;
  }

  /** A row of 64 bits that nothing reads. */
  int scratchWide() {
    return wides++;
  }

  /** A predicate that nothing reads. */
  int scratchPredicate() {
    return predicates++;
  }

  int words() {
    return words;
  }

  int wides() {
    return wides;
  }

  int predicates() {
    return predicates;
  }

  /** What the registers of every warp hold when it starts: the constants in their rows. */
  record Initial(int[] words, long[] wides, int[] predicates) {}

  Initial initial() {
    int[] initialWords = new int[words * Warp.LANES];
    wordConstants.forEach(
        (value, row) -> Arrays.fill(initialWords, row * Warp.LANES, (row + 1) * Warp.LANES, value));
    long[] initialWides = new long[wides * Warp.LANES];
    wideConstants.forEach(
        (value, row) -> Arrays.fill(initialWides, row * Warp.LANES, (row + 1) * Warp.LANES, value));
    int[] initialPredicates = new int[predicates];
    predicateConstants.forEach((value, row) -> initialPredicates[row] = value ? -1 : 0);
    return new Initial(initialWords, initialWides, initialPredicates);
  }

  /** The rows of the registers that the hardware fills. */
  Map<String, Integer> specials() {
    return specials;
  }
}
