package dev.diptych.kernels.memory;

/**
 * What an op must do at the least: the bytes it has to move to and from memory and the floating
 * point operations it has to execute. Benchmarks divide it by the measured time to say how near the
 * machine's limits a kernel runs.
 *
 * @param bytes bytes read plus bytes written, each operand counted once
 * @param flops floating point operations, a multiply-add counted as two
 */
public record Cost(long bytes, long flops) {
  /** The cost of doing both. */
  public Cost plus(Cost other) {
    return new Cost(bytes + other.bytes, flops + other.flops);
  }
}
