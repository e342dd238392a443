package dev.diptych.kernels.adamw;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Kernel;

/** AdamW on a GPU, in f32; the kernel is in {@code adamw.cu}. */
public final class AdamWCuda {
  private static final Kernel UPDATE = Kernel.of(AdamWCuda.class, "adamw", "adamw");

  private AdamWCuda() {}

  /**
   * One step over the parameters {@code begin ≤ i < end}. The norm that clipping needs is {@code
   * ReduceCuda.sumOfSquares}.
   *
   * @param p (n) parameters, changed
   * @param g (n) gradients, before they are scaled by {@link AdamWStep#gradientScale}
   * @param m (n) running mean of the gradients, changed; zeros before step 1
   * @param v (n) running mean of their squares, changed; zeros before step 1
   */
  public static void update(
      Gpu gpu,
      AdamWStep step,
      DeviceMemory p,
      DeviceMemory g,
      DeviceMemory m,
      DeviceMemory v,
      long begin,
      long end) {
    assert g.bytes() == p.bytes() && m.bytes() == p.bytes() && v.bytes() == p.bytes();
    assert 0 <= begin && begin <= end && end <= p.floatCount();
    long n = end - begin;
    gpu.launch(
        UPDATE,
        Grids.elements(n),
        new Arguments()
            .pointer(p.floats(begin, n))
            .pointer(g.floats(begin, n))
            .pointer(m.floats(begin, n))
            .pointer(v.floats(begin, n))
            .int64(n)
            .float32((float) (1 - step.beta1()))
            .float32((float) step.beta2())
            .float32((float) (1 - step.beta2()))
            .float32((float) step.keep())
            .float32((float) step.stepSize())
            .float32((float) step.rootCorrection())
            .float32((float) step.epsilon())
            .float32((float) step.gradientScale()));
  }
}
