package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import java.util.function.Consumer;

/**
 * One run of an op's kernels, whose results are held to the reference.
 *
 * @param name the op, sizes, precision: "layernorm 50×768 bf16"
 * @param precision of the operands
 * @param isAligned whether operands begin at multiples of 256 bytes
 * @param body brings the inputs to the GPU, runs the kernels, checks what they wrote
 */
public record GpuCase(
    String name, Precision precision, boolean isAligned, Consumer<Workbench> body) {
  /**
   * Runs the case and returns the largest error.
   *
   * @throws GpuMismatch if a kernel wrote something else than the reference
   */
  public double run(Gpu gpu) {
    try (Workbench bench = new Workbench(gpu, precision, isAligned)) {
      body.accept(bench);
      return bench.worst();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
