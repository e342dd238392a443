package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.UserException;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.Precision;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options {@code --device} and {@code --precision}, to be mixed in. */
final class DeviceOptions {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "cpu",
      description = "where to compute: cpu, or cuda for an NVIDIA GPU. Default: ${DEFAULT-VALUE}")
  private Name device = Name.CPU;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      description =
          "on a GPU: fp32, or bf16 for products and activations (weights stay f32). Default: fp32")
  private @Nullable Format precision;

  /** What {@code --device} takes. */
  enum Name {
    CPU,
    CUDA
  }

  /** What {@code --precision} takes. */
  enum Format {
    FP32,
    BF16
  }

  /**
   * Opens the device.
   *
   * @throws UserException if the options do not fit together
   * @throws GpuException if there is no GPU to use
   */
  ComputeDevice open() {
    return switch (device) {
      case CPU -> {
        if (precision == Format.BF16) {
          throw new UserException("--precision bf16 needs --device cuda: the CPU computes in fp32");
        }
        yield ComputeDevice.cpu();
      }
      case CUDA -> openGpu(precision == Format.BF16 ? Precision.BF16 : Precision.F32);
    };
  }

  private static ComputeDevice openGpu(Precision precision) {
    try {
      return ComputeDevice.cuda(precision);
    } catch (GpuException e) {
      throw new GpuException(e.getMessage() + " Without --device cuda the CPU computes.", e);
    }
  }
}
