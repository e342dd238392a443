package dev.diptych.tensor;

import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;

/** Where tensors live and their ops run. */
public sealed interface Device {
  /** Heap memory and the Vector API. */
  Device CPU = new Cpu();

  /** Heap memory and the Vector API. */
  record Cpu() implements Device {
    @Override
    public String toString() {
      return "cpu";
    }
  }

  /**
   * An NVIDIA GPU.
   *
   * @param gpu the GPU; whoever opened it closes it, after all scopes
   * @param precision of activations, their gradients and the weights that products are made with.
   *     In bf16 the weights themselves, statistics, losses and the gradients of weights stay f32
   *     (mixed precision, Micikevicius et al. 2018; bf16 has the range of f32, so losses are not
   *     scaled)
   */
  record Cuda(Gpu gpu, Precision precision) implements Device {
    @Override
    public String toString() {
      return gpu.properties().name() + ", " + precision.suffix();
    }
  }
}
