package dev.diptych.kernels.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.kernels.memory.Cost;
import dev.diptych.kernels.memory.Floats;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The checkups themselves: that they find what is wrong, and count right. */
class CheckupTest {
  @Test
  void everyOpOfTheCpuAgrees() {
    List<CpuCheckup.Result> results = CpuCheckup.run(name -> true, false);
    assertThat(results).hasSizeGreaterThanOrEqualTo(10);
    assertThat(results)
        .allSatisfy(result -> {
          assertThat(result.agrees()).as("%s", result).isTrue();
          assertThat(result.error()).as("%s", result).isPositive(); // f32 is not double
          assertThat(result.speed()).isNull();
        });
  }

  @Test
  void anOpIsTimed() {
    CpuCheckup.Result result = CpuCheckup.run(name -> name.startsWith("matmul"), true).getFirst();
    Speed speed = java.util.Objects.requireNonNull(result.speed());
    assertThat(speed.leastUs()).isPositive().isLessThanOrEqualTo(speed.medianUs());
    assertThat(speed.gigaflops()).isGreaterThan(0.1);
  }

  @Test
  void whatIsWrongByMoreThanTheToleranceIsFound() {
    for (float wrong : new float[] {1.01f, Float.NaN, Float.POSITIVE_INFINITY}) {
      CpuOp op = new CpuOp("planted", new Cost(8, 1), 1e-3);
      Floats y = Floats.zeros(3);
      op.hold(y, new double[] {1, 1, 1});
      op.runs(() -> {
        y.fill(1);
        y.array()[1] = wrong;
      });
      assertThat(CpuCheckup.run(op, false).agrees()).as("%s", wrong).isFalse();
    }
  }

  @Test
  void casesOfAGpuAreChosenByNameAndCounted() {
    String chosen = "l2normalize";
    PtxGpu gpu = new PtxGpu();
    GpuCheckup.Cases cases =
        new GpuCheckup(gpu, Suite.all(), name -> name.contains(chosen)).check();
    long there = Suite.all().cases().stream().filter(one -> one.name().contains(chosen)).count();
    assertThat(there).isPositive();
    assertThat(cases.failures()).isEmpty();
    assertThat(cases.isComplete()).isTrue();
    assertThat(cases.agreeing()).isEqualTo((int) there);
  }

  @Test
  void theCeilingIsThatOfWhatTakesLonger() {
    Ceilings ceilings = new Ceilings(1000, 10_000, 100_000); // GB/s, GFLOP/s
    Speed moving = new Speed("add", Precision.F32, new Cost(2_000_000, 1_000_000), 4, 3);
    assertThat(ceilings.isBoundByMemory(moving)).isTrue();
    assertThat(ceilings.share(moving)).isCloseTo(0.5, within(1e-9)); // 2 µs at the least
    assertThat(moving.gigabytesPerSecond()).isCloseTo(500, within(1e-9));

    Speed f32 = new Speed("matmul", Precision.F32, new Cost(1_000_000, 100_000_000), 20, 20);
    assertThat(ceilings.isBoundByMemory(f32)).isFalse();
    assertThat(ceilings.share(f32)).isCloseTo(0.5, within(1e-9)); // 10 µs at the least
    assertThat(f32.gigaflops()).isCloseTo(5000, within(1e-9));

    Speed bf16 = new Speed("matmul", Precision.BF16, new Cost(500_000, 100_000_000), 20, 20);
    assertThat(ceilings.share(bf16)).isCloseTo(0.05, within(1e-9));
    assertThat(ceilings.atLeast(0, 50_000)).isEqualTo(ceilings);
    assertThat(ceilings.atLeast(20_000, 0).share(f32)).isCloseTo(0.25, within(1e-9));
  }
}
