package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Cost;

/**
 * One run of an op's kernels, to be timed.
 *
 * @param name the op, direction, sizes, precision: what the figure is filed under
 * @param precision of the operands
 * @param cost the least that has to be moved and computed, from the dims
 * @param setup brings inputs to the GPU and returns what is to be timed
 */
public record GpuTiming(String name, Precision precision, Cost cost, Setup setup) {
  /** Prepares a run. */
  @FunctionalInterface
  public interface Setup {
    /** Fills inputs, which live in the workbench's scope, and returns the launches to be timed. */
    Launches prepare(Workbench bench);
  }

  /** The launches to be timed; run many times. */
  @FunctionalInterface
  public interface Launches {
    /** Launches, without waiting. */
    void on(Gpu gpu);
  }
}
