package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Cost;

/**
 * How long an op took.
 *
 * @param name the op, direction, sizes, precision
 * @param precision of the operands
 * @param cost the least that it has to move and compute
 * @param medianUs the median of some runs, µs
 * @param leastUs the shortest run, µs
 */
public record Speed(String name, Precision precision, Cost cost, double medianUs, double leastUs) {
  /** GB/s in the median: what has to be moved at the least, over the time. */
  public double gigabytesPerSecond() {
    return cost.bytes() / medianUs / 1e3;
  }

  /** GFLOP/s in the median: what has to be computed at the least, over the time. */
  public double gigaflops() {
    return cost.flops() / medianUs / 1e3;
  }
}
