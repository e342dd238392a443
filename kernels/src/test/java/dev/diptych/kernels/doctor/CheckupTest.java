package dev.diptych.kernels.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.GpuLostException;
import dev.diptych.kernels.cuda.GpuOutOfMemoryException;
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

  /** A suite of three cases, of which the second fails with {@code e}. */
  private static GpuCheckup.Cases withFailure(RuntimeException e) {
    Suite suite = new Suite();
    suite.checkBf16Aligned("first", bench -> {});
    suite.checkBf16Aligned(
        "second",
        bench -> {
          throw e;
        });
    suite.checkBf16Aligned("third", bench -> {});
    return new GpuCheckup(new PtxGpu(), suite, name -> true).check();
  }

  @Test
  void onlyAGpuThatIsLostEndsTheCases() {
    for (RuntimeException e :
        new RuntimeException[] {new GpuMismatch("wrong"), new GpuException("refused")}) {
      GpuCheckup.Cases cases = withFailure(e);
      assertThat(cases.agreeing()).isEqualTo(2);
      assertThat(cases.failures()).containsExactly("second bf16: " + e.getMessage());
      assertThat(cases.isComplete()).isTrue();
    }
    GpuCheckup.Cases cases = withFailure(new GpuLostException("a fault"));
    assertThat(cases.agreeing()).isEqualTo(1);
    assertThat(cases.failures()).containsExactly("second bf16: a fault");
    assertThat(cases.isComplete()).isFalse();
  }

  private static void addFailing(Suite suite, String name, RuntimeException e) {
    suite.time(
        name,
        new Cost(1, 1),
        bench -> {
          throw e;
        });
  }

  @Test
  void onlyAGpuThatIsLostEndsTheTimings() {
    Suite suite = new Suite();
    addFailing(suite, "first", new GpuException("refused"));
    addFailing(suite, "second", new GpuOutOfMemoryException(2, 0, 1, 1));
    addFailing(suite, "third", new GpuLostException("a fault"));
    addFailing(suite, "fourth", new IllegalStateException("reached on a GPU that is lost"));
    GpuCheckup.Times times = new GpuCheckup(new PtxGpu(), suite, name -> true).time();
    assertThat(times.failures()).containsExactly("first f32: refused", "third f32: a fault");
    assertThat(times.tooLarge()).containsExactly("second f32");
    assertThat(times.speeds()).isEmpty();
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
