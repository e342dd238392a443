package dev.diptych.kernels.conv2d;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.cuda.NotingGpu;
import dev.diptych.kernels.cuda.Precision;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Which kernels a convolution takes, and how often: others give the same numbers, so no case tells.
 */
class Conv2dCudaTest {
  private final NotingGpu gpu =
      new NotingGpu(new GpuProperties("noting", 9, 0, 132, 227 << 10, 50 << 20, 80L << 30));

  /** The kernels of all passes that are not matrix products, without their precision. */
  private List<String> launched(Conv2dDims d, Precision precision, int gap) {
    long xBytes = (long) precision.bytes() * d.inputFloats();
    DeviceMemory x = gpu.allocate(xBytes + gap).slice(gap, xBytes);
    DeviceMemory y = gpu.allocate((long) precision.bytes() * d.outputFloats());
    DeviceMemory w = gpu.allocate((long) precision.bytes() * d.weightFloats());
    DeviceMemory dw = gpu.allocate((long) Float.BYTES * d.weightFloats());
    Conv2dCuda.forward(gpu, d, precision, x, w, y);
    Conv2dCuda.backwardInput(gpu, d, precision, w, y, x);
    Conv2dCuda.backwardWeight(gpu, d, precision, x, y, dw);
    return gpu.takeLaunched().stream()
        .filter(entry -> entry.startsWith("conv2d_"))
        .map(entry -> entry.replaceAll("conv2d_|_(f32|bf16)", ""))
        .toList();
  }

  @Test
  void windowsAreCopiedForAllPicturesIfTheyFitTheBudget() {
    Conv2dDims d = new Conv2dDims(64, 14, 14, 256, 256, 3, 3, 1, 1);
    List<String> once =
        List.of("weights", "windows", "weights", "sum_windows", "windows", "add_weights");
    assertThat(launched(d, Precision.F32, 0)).isEqualTo(once);
    assertThat(launched(d, Precision.BF16, 0)).isEqualTo(once);
  }

  /** 3.6 MB a picture in bf16: 74 at a time, and 37 where windows are f32. */
  @Test
  void windowsBeyondTheBudgetComeInParts() {
    Conv2dDims d = new Conv2dDims(75, 56, 56, 64, 64, 3, 3, 1, 1);
    assertThat(launched(d, Precision.BF16, 0))
        .containsExactly(
            "weights",
            "windows",
            "windows",
            "weights",
            "sum_windows",
            "sum_windows",
            "sum_windows",
            "windows",
            "windows",
            "add_weights");
  }

  @Test
  void aPlainProductNeedsNothingElse() {
    Conv2dDims d = new Conv2dDims(64, 56, 56, 64, 256, 1, 1, 1, 0);
    assertThat(launched(d, Precision.F32, 0)).isEmpty();
    assertThat(launched(d, Precision.BF16, 0)).isEmpty();
  }

  @Test
  void otherSizesAndAddressesTakeTheKernelsForAny() {
    List<String> any =
        List.of(
            "weights", "windows_any", "weights", "sum_windows_any", "windows_any", "add_weights");
    assertThat(launched(new Conv2dDims(2, 224, 224, 3, 32, 3, 3, 2, 1), Precision.BF16, 0))
        .isEqualTo(any);
    assertThat(launched(new Conv2dDims(2, 14, 14, 64, 32, 3, 3, 1, 1), Precision.BF16, 2))
        .isEqualTo(any);
  }
}
