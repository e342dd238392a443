package dev.diptych.kernels.reduce;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.cuda.NotingGpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReduceCudaTest {
  private final NotingGpu noting =
      new NotingGpu(new GpuProperties("noting", 9, 0, 132, 227 << 10, 50 << 20, 80L << 30));

  @ParameterizedTest
  @EnumSource
  void sumsOfRowsHaveTheSameBitsWhereverTheyLie(Precision precision) {
    ReduceDims d = new ReduceDims(150, 264);
    int gap = precision.bytes();
    assertThat(launched(precision, d, 0)).startsWith("sum_rows_wide_partial");
    assertThat(launched(precision, d, gap)).startsWith("sum_rows_partial");
    assertThat(launched(precision, new ReduceDims(150, 262), 0)).startsWith("sum_rows_partial");
    assertThat(sums(precision, d, 0)).isEqualTo(sums(precision, d, gap));
  }

  /** The kernel that sums x, `gap` bytes behind an aligned address. */
  private String launched(Precision precision, ReduceDims d, int gap) {
    long bytes = (long) precision.bytes() * d.size();
    DeviceMemory x = noting.allocate(bytes + gap).slice(gap, bytes);
    DeviceMemory sum = noting.allocate((long) Float.BYTES * d.c());
    ReduceCuda.sumRows(noting, d, precision, 1, x, sum);
    return noting.takeLaunched().get(0);
  }

  private static float[] sums(Precision precision, ReduceDims d, int gap) {
    Gpu gpu = new PtxGpu();
    short[] bf16 = new short[d.size()];
    float[] f32 = new float[d.size()];
    Random random = new Random(1);
    for (int i = 0; i < d.size(); i++) {
      f32[i] = (float) random.nextGaussian();
      bf16[i] = (short) (Float.floatToRawIntBits(f32[i]) >>> 16);
    }
    MemorySegment from =
        switch (precision) {
          case F32 -> MemorySegment.ofArray(f32);
          case BF16 -> MemorySegment.ofArray(bf16);
        };
    DeviceMemory x = gpu.allocate(from.byteSize() + gap).slice(gap, from.byteSize());
    float[] sums = new float[d.c()];
    DeviceMemory sum = gpu.allocate((long) Float.BYTES * d.c());
    gpu.copyIn(from, x);
    gpu.copyIn(MemorySegment.ofArray(sums), sum);
    ReduceCuda.sumRows(gpu, d, precision, 0.5f, x, sum);
    gpu.copyOut(sum, MemorySegment.ofArray(sums));
    return sums;
  }
}
