package dev.diptych.clip;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.tensor.Device;

/**
 * The same with every op on a GPU, in f32: the PTX that ships, launched as on a real one, run by
 * the interpreter. Tolerances are those of the CPU.
 */
class GoldenVitGpuTest extends GoldenVitTest {
  private final PtxGpu gpu = new PtxGpu();

  @Override
  Device device() {
    return new Device.Cuda(gpu, Precision.F32);
  }
}
