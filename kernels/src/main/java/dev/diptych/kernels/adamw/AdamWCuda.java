package dev.diptych.kernels.adamw;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import org.jspecify.annotations.Nullable;

/**
 * AdamW on a GPU, in f32; the kernels are in {@code adamw.cu}. The numbers of a step lie in the
 * GPU's memory, as {@link AdamWStep#packed} has them: a step that was captured as a graph is
 * replayed after others were copied there.
 */
public final class AdamWCuda {
  private static final Kernel UPDATE = Kernel.of(AdamWCuda.class, "adamw", "adamw");
  private static final Kernel CLIP = Kernel.of(AdamWCuda.class, "adamw", "adamw_clip");

  private static final int CLIP_THREADS = 32;

  private AdamWCuda() {}

  /**
   * One step over the parameters {@code begin ≤ i < end}; nothing changes if the step's {@code
   * gradientScale} is NaN.
   *
   * @param step (8) f32, of {@link AdamWStep#packed}
   * @param p (n) parameters, changed
   * @param g (n) gradients, before they are scaled by {@link AdamWStep#gradientScale}
   * @param m (n) running mean of the gradients, changed; zeros before step 1
   * @param v (n) running mean of their squares, changed; zeros before step 1
   * @param operands (n) bf16, written in the range: the new parameters, for products in bf16; or
   *     null for none
   */
  public static void update(
      Gpu gpu,
      DeviceMemory step,
      DeviceMemory p,
      DeviceMemory g,
      DeviceMemory m,
      DeviceMemory v,
      long begin,
      long end,
      @Nullable DeviceMemory operands) {
    assert step.bytes() == AdamWStep.PACKED_BYTES;
    assert g.bytes() == p.bytes() && m.bytes() == p.bytes() && v.bytes() == p.bytes();
    assert operands == null || Precision.BF16.fits(operands, p.floatCount());
    assert 0 <= begin && begin <= end && end <= p.floatCount();
    long n = end - begin;
    gpu.launch(
        UPDATE,
        Grids.elements(n),
        new Arguments()
            .pointer(step)
            .pointer(p.floats(begin, n))
            .pointer(g.floats(begin, n))
            .pointer(m.floats(begin, n))
            .pointer(v.floats(begin, n))
            .pointer(operands == null ? null : operands.slice(Short.BYTES * begin, Short.BYTES * n))
            .int64(n));
  }

  /**
   * Writes by what gradients are to be multiplied into steps: min(1, mostNorm/norm), with norm =
   * √Σg². If the norm or the loss is infinite or NaN it is NaN, and {@link #update} changes
   * nothing: one bad batch does not spoil a run, and nobody has to wait for the GPU to see it.
   *
   * @param sumOfSquares (1) in double: Σg², of {@code ReduceCuda.sumOfSquares}
   * @param loss (1) f32
   * @param mostNorm the norm that longer gradients are shortened to; 0 for no clipping
   * @param steps (k, 8) f32: packed steps, of which {@code gradientScale} is written
   * @param norm (1) f32, written: before clipping
   */
  public static void clip(
      Gpu gpu,
      DeviceMemory sumOfSquares,
      DeviceMemory loss,
      float mostNorm,
      DeviceMemory steps,
      DeviceMemory norm) {
    assert sumOfSquares.bytes() == Double.BYTES;
    assert loss.bytes() == Float.BYTES && norm.bytes() == Float.BYTES;
    assert steps.bytes() % AdamWStep.PACKED_BYTES == 0 && mostNorm >= 0;
    int count = Math.toIntExact(steps.bytes() / AdamWStep.PACKED_BYTES);
    gpu.launch(
        CLIP,
        Launch.of(Math.max(1, Math.ceilDiv(count, CLIP_THREADS)), CLIP_THREADS),
        new Arguments()
            .pointer(sumOfSquares)
            .pointer(loss)
            .float32(mostNorm)
            .pointer(steps)
            .int32(count)
            .pointer(norm));
  }
}
