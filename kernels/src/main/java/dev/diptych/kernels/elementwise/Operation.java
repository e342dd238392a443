package dev.diptych.kernels.elementwise;

/** What is done with two elements. */
public enum Operation {
  /** a + b. */
  ADD,
  /** a − b. */
  SUBTRACT,
  /** a·b. */
  MULTIPLY
}
