package dev.diptych.clip;

import dev.diptych.kernels.cuda.CudaDevice;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/**
 * A device that models are used or trained on, and the memory of their weights there:
 *
 * <pre>{@code
 * try (ComputeDevice gpu = ComputeDevice.cuda(Precision.BF16);
 *     Diptych model = gpu.take(Diptych.load(path))) {
 *   float[][] embeddings = model.embedPictures(pictures);
 * }
 * }</pre>
 */
public final class ComputeDevice implements AutoCloseable {
  private final @Nullable Gpu gpu;
  private final TensorScope weights;

  private ComputeDevice(Device device, @Nullable Gpu gpu) {
    this.gpu = gpu;
    weights = new TensorScope(device);
  }

  /** The processor. Models stay where they are. */
  public static ComputeDevice cpu() {
    return new ComputeDevice(Device.CPU, null);
  }

  /**
   * The first NVIDIA GPU of this machine.
   *
   * @param precision of activations and products; weights, statistics and losses are f32
   * @throws dev.diptych.kernels.cuda.GpuException if there is none that can be used; it says why
   */
  public static ComputeDevice cuda(Precision precision) {
    Gpu gpu = CudaDevice.open();
    return new ComputeDevice(new Device.Cuda(gpu, precision), gpu);
  }

  /** The device. */
  public Device device() {
    return weights.device();
  }

  /** In words: "2 threads", "NVIDIA H200, bf16". */
  public String description() {
    return switch (device()) {
      case Device.Cpu cpu ->
          Parallel.threads() == 1 ? "one thread" : Parallel.threads() + " threads";
      case Device.Cuda cuda -> cuda.toString();
    };
  }

  /** Moves a model here, if it is not here already. */
  public Diptych take(Diptych model) {
    if (!model.clip().device().equals(device())) {
      model.moveTo(weights);
    }
    return model;
  }

  /** Moves a model here, if it is not here already. */
  public Clip take(Clip clip) {
    if (!clip.device().equals(device())) {
      clip.moveTo(weights);
    }
    return clip;
  }

  /** Gives the weights' memory back and closes the GPU: after the models that were moved here. */
  @Override
  public void close() {
    weights.close();
    if (gpu != null) {
      gpu.close();
    }
  }
}
