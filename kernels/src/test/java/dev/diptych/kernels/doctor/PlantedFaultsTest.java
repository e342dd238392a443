package dev.diptych.kernels.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.kernels.cuda.ptx.Fault;
import dev.diptych.kernels.cuda.ptx.Fault.Kind;
import org.junit.jupiter.api.Test;

/** Faults planted in kernels that ship, one edit of the PTX each: the interpreter must see them. */
class PlantedFaultsTest {
  private static final String BARRIER = "bar.sync \t0;";
  private static final int ALL = -1;

  /** Runs a case with occurrence {@code number} of {@code part} in a kernel, or all, replaced. */
  private static Fault fault(String name, String kernel, String part, int number, String by) {
    PtxGpu gpu = new PtxGpu(ptx -> edit(ptx, kernel, part, number, by));
    GpuCase found =
        Suite.all().cases().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
    Fault[] fault = new Fault[1];
    assertThatThrownBy(() -> found.run(gpu))
        .as("%s with %s number %s of %s replaced", name, part, number, kernel)
        .isInstanceOfSatisfying(Fault.class, f -> fault[0] = f)
        .hasMessageContaining("in kernel " + kernel + ", PTX line " + fault[0].line());
    return fault[0];
  }

  private static String edit(String ptx, String kernel, String part, int number, String by) {
    int at = ptx.indexOf(".entry " + kernel + "(");
    if (at < 0) {
      return ptx; // another module
    }
    int end = ptx.indexOf("\n}", at);
    if (number == ALL) {
      String body = ptx.substring(at, end);
      assertThat(body).contains(part);
      return ptx.substring(0, at) + body.replace(part, by) + ptx.substring(end);
    }
    for (int i = 0; i <= number; i++) {
      at = ptx.indexOf(part, at + 1);
    }
    assertThat(at).as("%s number %s of %s", part, number, kernel).isBetween(0, end);
    return ptx.substring(0, at) + by + ptx.substring(at + part.length());
  }

  private static void barrierIsNeeded(String name, String kernel, int number) {
    assertThat(fault(name, kernel, BARRIER, number, "").kind()).isIn(Kind.RACE, Kind.UNINITIALISED);
  }

  @Test
  void barriersLeftOut() {
    barrierIsNeeded("layernorm 1×4 f32", "layernorm_backward_f32_256", 0);
    barrierIsNeeded("layernorm 1×4 f32", "layernorm_backward_f32_256", 1);
    for (int i = 1; i < 4; i++) { // the first guards what nothing uses yet
      barrierIsNeeded("layernorm 1×1 f32", "layernorm_forward_f32_wide", i);
      barrierIsNeeded("layernorm 1×1 bf16", "layernorm_backward_bf16_wide", i);
    }
    barrierIsNeeded("softmax 1×1 f32", "softmax_forward_f32_wide", 1);
    barrierIsNeeded("l2normalize 1×1 f32", "l2normalize_backward_f32_wide", 1);
    barrierIsNeeded("reduce 2×2 f32", "sum_rows_partial_f32", 0);
    barrierIsNeeded("reduce 1×4 f32", "sum_rows_wide_partial_f32", 0);
    barrierIsNeeded("reduce 2×2 f32", "join_chunks", 0);
    barrierIsNeeded("reduce sum of squares 1 f32", "sum_squares_partial", 0);
    barrierIsNeeded("reduce sum of squares 1 f32", "sum_squares_partial", 1);
    barrierIsNeeded("contrastive 2×2 by 1 f32", "contrastive_statistics", 0);
    barrierIsNeeded("contrastive 65×3 by 64 f32", "contrastive_join", 0);
    String ofSeveralTiles = "contrastive 130×17 by 96 with ids, as they are f32";
    barrierIsNeeded(ofSeveralTiles, "contrastive_shares", 0);
    barrierIsNeeded(ofSeveralTiles, "contrastive_shares", 1);
  }

  @Test
  void joinsOfRowsOfThreadsWithoutABarrier() {
    barrierIsNeeded("batchnorm 3×3 f32", "batchnorm_moments_f32", 0);
    barrierIsNeeded("batchnorm 3×3 bf16", "batchnorm_products_bf16", 0);
    barrierIsNeeded("batchnorm 3×3 f32", "batchnorm_join_moments_f32", 0);
  }

  @Test
  void aPipelineOfAMatrixProductWithoutABarrier() {
    barrierIsNeeded("matmul 8 of 129×1029×9 NN f32", "matmul_128_nn", 0);
    barrierIsNeeded("matmul 8 of 129×1029×9 NN f32", "matmul_128_nn", 3);
  }

  @Test
  void aShuffleWhoseMaskLeavesOutHalfTheLanes() {
    assertThat(fault("softmax 1×1 f32", "softmax_forward_f32_wide", ", -1;", 0, ", 65535;").kind())
        .isEqualTo(Kind.LANE_MASK);
  }

  @Test
  void aVectorFromAnyAddress() {
    assertThat(
            fault("QUICK_GELU 1025 f32 unaligned", "quick_gelu_backward_f32", ", 15;", ALL, ", 0;")
                .kind())
        .isEqualTo(Kind.MISALIGNED);
  }

  @Test
  void anIndexOnePastTheEnd() {
    assertThat(fault("GELU 1025 f32", "gelu_forward_f32", "setp.ge.s64", 0, "setp.gt.s64").kind())
        .isIn(Kind.OUT_OF_BOUNDS, Kind.UNINITIALISED); // behind the input lies what nobody wrote
  }

  @Test
  void aPartialSumThatIsNotPutWhereItIsReadFrom() {
    assertThat(fault("reduce 2×2 f32", "sum_rows_partial_f32", "st.shared.f32", 0, "// ").kind())
        .isEqualTo(Kind.UNINITIALISED);
  }

  @Test
  void aCopyThatIsNotWaitedFor() {
    assertThat(
            fault("matmul 64×64×64 NN bf16", "matmulbf16_64x64_nn", "cp.async.wait_group 1;", 0, "")
                .kind())
        .isEqualTo(Kind.NOT_WAITED_FOR);
  }

  @Test
  void aBarrierForMoreThreadsThanThereAre() {
    assertThat(
            fault("reduce 2×2 f32", "sum_rows_partial_f32", BARRIER, 0, "bar.sync \t0, 1024;")
                .kind())
        .isEqualTo(Kind.DEADLOCK);
  }
}
