package dev.diptych.clip.doctor;

import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.cuda.GpuSurvey;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.doctor.Ceilings;
import dev.diptych.kernels.doctor.Machine;
import dev.diptych.kernels.doctor.Speed;
import dev.diptych.kernels.memory.Cost;
import java.util.List;
import java.util.Map;

/** What a machine with a GPU could have found. */
final class Found {
  static final GpuSurvey SURVEY =
      new GpuSurvey(
          null,
          "580.1.2",
          "13.0",
          true,
          List.of(new GpuProperties("Imaginary & Co", 9, 0, 132, 232448, 50 << 20, 80L << 30)));

  static final Machine MACHINE = new Machine("a CPU", 16, 8, 512, true, "25", 4L << 30, "an OS");

  /** A TB/s, 10 TFLOP/s in f32, 100 in bf16. */
  static final Ceilings CEILINGS = new Ceilings(1000, 10_000, 100_000);

  private Found() {}

  /** 2 µs at the least, by its bytes. */
  static Speed add(double us) {
    return new Speed("elementwise add f32", Precision.F32, new Cost(2_000_000, 1000), us, us - 1);
  }

  /** 10 µs at the least, by its products. */
  static Speed matmul(double us) {
    return new Speed(
        "matmul 1×2×3 bf16", Precision.BF16, new Cost(1000, 1_000_000_000), us, us - 1);
  }

  /** Three rounds, in which PyTorch has two ways to add and none to multiply. */
  static GpuBench bench() {
    List<GpuBench.Row> rows =
        GpuBench.rows(
            List.of(
                List.of(add(9), matmul(20)),
                List.of(add(4), matmul(40)),
                List.of(add(3), matmul(10))),
            List.of(
                Map.of("elementwise add f32", Map.of("eager", 8.0, "compiled", 5.0)),
                Map.of("elementwise add f32", Map.of("eager", 7.0, "compiled", 6.0)),
                Map.of("elementwise add f32", Map.of("eager", 1.0, "compiled", 99.0))),
            CEILINGS);
    return new GpuBench(
        "2026-11-26T00:00:00Z", MACHINE, SURVEY, 3, "2.0", CEILINGS, rows, List.of("too large"));
  }
}
