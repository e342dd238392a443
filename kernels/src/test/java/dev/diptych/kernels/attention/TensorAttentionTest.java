package dev.diptych.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.cuda.NotingGpu;
import dev.diptych.kernels.cuda.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which kernel a launch takes: a slower one gives the same numbers, so that no case would tell. */
class TensorAttentionTest {
  private final NotingGpu gpu =
      new NotingGpu(new GpuProperties("noting", 9, 0, 132, 227 << 10, 50 << 20, 80L << 30));

  /** Forward and backward from parts of a packed projection, as the towers launch them. */
  private void launch(AttentionDims d, Precision precision, int gap) {
    long width = precision.bytes();
    int size = d.b() * d.tq() * d.queryStride();
    DeviceMemory qkv = gpu.allocate(width * size + gap).slice(gap, width * size);
    DeviceMemory gradient = gpu.allocate(width * size);
    DeviceMemory y = gpu.allocate(width * d.b() * d.tq() * d.c());
    DeviceMemory lse = gpu.allocate((long) Float.BYTES * d.b() * d.tq() * d.h());
    DeviceMemory q = qkv.slice(0, width * d.queryLength());
    DeviceMemory k = qkv.slice(width * d.c(), width * d.keyLength());
    DeviceMemory v = qkv.slice(2 * width * d.c(), width * d.keyLength());
    AttentionCuda.forward(gpu, d, precision, q, k, v, null, y, lse);
    AttentionCuda.backward(
        gpu,
        d,
        precision,
        q,
        k,
        v,
        null,
        y,
        lse,
        y,
        gradient.slice(0, q.bytes()),
        gradient.slice(width * d.c(), k.bytes()),
        gradient.slice(2 * width * d.c(), v.bytes()));
  }

  @ParameterizedTest
  @CsvSource({"256,50,12", "256,197,12", "512,77,8", "128,257,16"})
  void theTowersOfClipAttendOnTheTensorCores(int b, int t, int h) {
    launch(AttentionDims.packed(b, t, h, 64, t == 77), Precision.BF16, 0);
    assertThat(gpu.takeLaunched()).containsExactly("attention_forward_64", "attention_backward_64");
  }

  @ParameterizedTest
  @CsvSource({"32", "64", "80", "96", "128"})
  void whatDoesNotFitOnChipComesTileAfterTile(int d) {
    launch(AttentionDims.packed(1, 4096, 1, d, false), Precision.BF16, 0);
    assertThat(gpu.takeLaunched())
        .containsExactly(
            "attention_forward_" + d,
            "attention_backward_keys_" + d,
            "attention_backward_queries_" + d);
  }

  @Test
  void otherPrecisionsSizesAndAddressesTakeTheKernelsForAnySizes() {
    for (Runnable one :
        new Runnable[] {
          () -> launch(AttentionDims.packed(1, 50, 12, 64, false), Precision.F32, 0),
          () -> launch(AttentionDims.packed(1, 50, 12, 48, false), Precision.BF16, 0),
          () -> launch(AttentionDims.packed(1, 50, 12, 64, false), Precision.BF16, 2)
        }) {
      one.run();
      assertThat(gpu.takeLaunched())
          .hasSize(4)
          .allSatisfy(entry ->
              assertThat(entry).matches("attention_(forward|delta|backward_.*)_(f32|bf16)"));
    }
  }
}
