package dev.diptych.clip.doctor;

import dev.diptych.kernels.doctor.Ceilings;
import dev.diptych.kernels.doctor.Speed;

/**
 * How fast a kernel is, against what its machine can do at most.
 *
 * @param name the op, direction, sizes, precision
 * @param medianUs the median of its runs, µs
 * @param leastUs the shortest, µs
 * @param bytes the least that it has to move
 * @param flops the least that it has to compute
 * @param bound "memory" if moving at the machine's ceiling takes longer than computing at it, or
 *     "compute"
 * @param ofCeiling the share of that ceiling that it reached; 1 is all of it
 */
public record KernelRow(
    String name,
    double medianUs,
    double leastUs,
    long bytes,
    long flops,
    String bound,
    double ofCeiling) {
  /** The speed against the ceilings. */
  public static KernelRow of(Speed speed, Ceilings ceilings) {
    return new KernelRow(
        speed.name(),
        Rounded.to(4, speed.medianUs()),
        Rounded.to(4, speed.leastUs()),
        speed.cost().bytes(),
        speed.cost().flops(),
        ceilings.isBoundByMemory(speed) ? "memory" : "compute",
        Rounded.to(4, ceilings.share(speed)));
  }

  /** "123 GB/s" or "4.5 TFLOP/s", whichever is its bound. */
  String rate() {
    if (bound.equals("memory")) {
      return Rounded.text(bytes / medianUs / 1e3) + " GB/s";
    }
    double gigaflops = flops / medianUs / 1e3;
    return gigaflops >= 1000
        ? Rounded.text(gigaflops / 1e3) + " TFLOP/s"
        : Rounded.text(gigaflops) + " GFLOP/s";
  }
}
