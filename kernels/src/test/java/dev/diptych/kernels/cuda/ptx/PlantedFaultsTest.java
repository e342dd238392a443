package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.diptych.kernels.cuda.ptx.Fault.Kind;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/**
 * Faults planted in kernels that work: one edit of the PTX, or a launch that does not fit. Each
 * must be reported on the line where it shows.
 */
class PlantedFaultsTest {
  private static final String ADD = Sample.text("vectoradd.ptx");
  private static final String SOFTMAX = Sample.text("softmax.ptx");
  private static final String TRANSPOSE = Sample.text("transpose.ptx");
  private static final String MATMUL = Sample.text("matmul.ptx");
  private static final String HISTOGRAM = Sample.text("histogram.ptx");

  // ---- how each kernel is run

  private static void add(String ptx) {
    Sample sample = Sample.of(ptx, "vector_add");
    long a = sample.upload("a", Sample.normal(100, 1));
    long b = sample.upload("b", Sample.normal(100, 2));
    long y = sample.allocate("y", 400);
    sample.launch(Extent.of(1), Extent.of(128), 0, a, b, y, 100);
  }

  private static void softmax(String ptx, int threads) {
    Sample sample = Sample.of(ptx, "softmax");
    int n = 300;
    long x = sample.uploadBf16("x", Sample.normal(2 * n, 1));
    long y = sample.allocate("y", 4L * n);
    long logSumExp = sample.allocate("log_sum_exp", 8);
    sample.launch(Extent.of(2), Extent.of(threads), 0, x, y, logSumExp, n);
  }

  private static void transpose(String ptx) {
    Sample sample = Sample.of(ptx, "transpose");
    long x = sample.upload("x", Sample.normal(64 * 64, 1));
    long y = sample.allocate("y", 4 * 64 * 64);
    sample.launch(Extent.of(2, 2), Extent.of(32, 8), 0, x, y, 64, 64);
  }

  private static void matmul(String ptx) {
    Sample sample = Sample.of(ptx, "matmul");
    long a = sample.uploadBf16("a", Sample.normal(32 * 160, 1));
    long b = sample.uploadBf16("b", Sample.normal(32 * 160, 2));
    long c = sample.allocate("c", 4 * 32 * 32);
    sample.launch(Extent.of(1), Extent.of(128), 0, a, b, c, 32, 32, 160);
  }

  private static void histogram(String ptx, int sharedBytes) {
    Sample sample = Sample.of(ptx, "histogram");
    long values = sample.upload("values", new int[1000]);
    long counts = sample.upload("counts", new int[32]);
    long busy = sample.upload("busy", new int[1]);
    sample.launch(Extent.of(2), Extent.of(256), sharedBytes, values, 1000, counts, busy);
  }

  private static Fault fault(Runnable kernel) {
    Fault fault = catchThrowableOfType(Fault.class, kernel::run);
    assertThat(fault).as("the planted fault").isNotNull();
    return fault;
  }

  /** Checks that the kernels are well before they are made ill. */
  @Test
  void unchangedTheKernelsRun() {
    add(ADD);
    softmax(SOFTMAX, 128);
    transpose(TRANSPOSE);
    matmul(MATMUL);
    histogram(HISTOGRAM, 128);
  }

  // ---- memory

  @Test
  void anIndexOnePastTheEnd() {
    String ill =
        Sample.edit(ADD, "setp.ge.s32 \t%p1, %r1, %r2;", 0, "setp.gt.s32 \t%p1, %r1, %r2;");
    Fault fault = fault(() -> add(ill));
    assertThat(fault.kind()).isEqualTo(Kind.OUT_OF_BOUNDS);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "ld.global.nc.f32"));
    assertThat(fault)
        .hasMessageContaining("kernel vector_add")
        .hasMessageContaining("read of 4 bytes")
        .hasMessageContaining("0 bytes past the end of b, 400 bytes at 0x7f01")
        .hasMessageContaining("block (0,0,0), thread (100,0,0) (warp 3, lane 4)");
  }

  @Test
  void aShiftedStore() {
    String ill = Sample.edit(ADD, "st.global.f32 \t[%rd10]", "st.global.f32 \t[%rd10+4]");
    Fault fault = fault(() -> add(ill));
    assertThat(fault.kind()).isEqualTo(Kind.OUT_OF_BOUNDS);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "st.global.f32"));
    assertThat(fault)
        .hasMessageContaining("write of 4 bytes at")
        .hasMessageContaining("0 bytes past the end of y, 400 bytes")
        .hasMessageContaining("thread (99,0,0)");
  }

  @Test
  void anIndexBeforeTheStart() {
    String ill = Sample.edit(ADD, "[%rd6];", 0, "[%rd6+-4];");
    assertThat(fault(() -> add(ill)))
        .hasMessageContaining("4 bytes before the start of a, 400 bytes");
  }

  @Test
  void aVectorAcrossTheEnd() {
    Sample sample = Sample.of(ADD, "vector_add_by_four");
    long a = sample.upload("a", new float[6]);
    long y = sample.allocate("y", 32);
    assertThat(fault(() -> sample.launch(Extent.of(1), Extent.of(32), 0, a, a, y, 2)))
        .hasMessageContaining("read of 16 bytes across the end, at")
        .hasMessageContaining("byte 16 of a, 24 bytes");
  }

  @Test
  void aMisalignedVector() {
    Sample sample = Sample.of(ADD, "vector_add_by_four");
    long a = sample.upload("a", new float[20]);
    long y = sample.allocate("y", 80);
    Fault fault = fault(() -> sample.launch(Extent.of(1), Extent.of(32), 0, a, a + 4, y, 2));
    assertThat(fault.kind()).isEqualTo(Kind.MISALIGNED);
    assertThat(fault.line())
        .isEqualTo(Sample.line(ADD, "{%f9, %f10, %f11, %f12}"))
        .isGreaterThan(80);
    assertThat(fault).hasMessageContaining("byte 4 of a, 80 bytes");
  }

  @Test
  void memoryThatWasFreed() {
    Sample sample = Sample.of(ADD, "vector_add");
    long a = sample.upload("a", new float[4]);
    sample.machine().memory().free(a);
    assertThat(fault(() -> sample.launch(Extent.of(1), Extent.of(32), 0, a, a, a, 4)))
        .hasMessageContaining("a of once 16 bytes (freed)");
    assertThatThrownBy(() -> sample.machine().memory().free(a))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aNullPointer() {
    Sample sample = Sample.of(ADD, "vector_add");
    assertThat(fault(() -> sample.launch(Extent.of(1), Extent.of(32), 0, 0L, 0L, 0L, 1)))
        .hasMessageContaining("address 0x0 lies in no allocation");
  }

  @Test
  void inputThatWasNeverUploaded() {
    Sample sample = Sample.of(ADD, "vector_add");
    long a = sample.allocate("a", 128);
    Fault fault = fault(() -> sample.launch(Extent.of(1), Extent.of(32), 0, a, a, a, 32));
    assertThat(fault.kind()).isEqualTo(Kind.UNINITIALISED);
    assertThat(fault).hasMessageContaining("byte 0 of a");
  }

  @Test
  void outputThatWasNeverWritten() {
    Sample sample = Sample.of(ADD, "vector_add");
    long a = sample.upload("a", new float[8]);
    long y = sample.allocate("y", 32);
    sample.launch(Extent.of(1), Extent.of(32), 0, a, a, y, 7);
    Fault fault =
        fault(() -> sample.machine().memory().read(y, MemorySegment.ofArray(new float[8])));
    assertThat(fault.kind()).isEqualTo(Kind.UNINITIALISED);
    assertThat(fault).hasMessageContaining("byte 28 of y, 32 bytes");
  }

  @Test
  void memoryThatWasPoisoned() {
    Sample sample = Sample.of(ADD, "vector_add");
    long a = sample.upload("a", new float[8]);
    GlobalMemory memory = sample.machine().memory();
    memory.poison(a + 28, 4);
    Fault fault = fault(() -> sample.launch(Extent.of(1), Extent.of(32), 0, a, a, a, 8));
    assertThat(fault.kind()).isEqualTo(Kind.UNINITIALISED);
    assertThat(fault).hasMessageContaining("byte 28 of a, 32 bytes");
    int[] bits = new int[8];
    memory.peek(a, MemorySegment.ofArray(bits));
    assertThat(bits).containsExactly(0, 0, 0, 0, 0, 0, 0, -1);
  }

  @Test
  void aSharedArrayThatIsTooSmallForTheBlock() {
    // Sixteen warps, and room for the partial sums of eight.
    Fault fault = fault(() -> softmax(SOFTMAX, 512));
    assertThat(fault.kind()).isEqualTo(Kind.OUT_OF_BOUNDS);
    assertThat(fault.line()).isEqualTo(Sample.line(SOFTMAX, "st.shared.f32"));
    assertThat(fault)
        .hasMessageContaining("0 bytes past the end of")
        .hasMessageContaining("partial, 32 bytes");
  }

  @Test
  void lessSharedMemoryThanTheKernelUses() {
    Fault fault = fault(() -> histogram(HISTOGRAM, 124));
    assertThat(fault.kind()).isEqualTo(Kind.OUT_OF_BOUNDS);
    assertThat(fault).hasMessageContaining("0 bytes past the end of bins, 124 bytes");
  }

  @Test
  void sharedMemoryThatNobodySetToZero() {
    String ill = Sample.edit(HISTOGRAM, "st.shared.u32 \t[%r2], %r13;", "");
    Fault fault = fault(() -> histogram(ill, 128));
    assertThat(fault.kind()).isEqualTo(Kind.UNINITIALISED);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "atom.shared.add"));
  }

  @Test
  void aRegisterThatNobodySet() {
    String ill = Sample.edit(SOFTMAX, "mov.f32 \t%f102, 0fFF800000;", 1, "");
    ill = Sample.edit(ill, "mov.f32 \t%f102, 0fFF800000;", "");
    String twice = ill;
    Fault fault = fault(() -> softmax(twice, 128));
    assertThat(fault.kind()).isEqualTo(Kind.UNINITIALISED);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "max.f32 \t%f102"));
  }

  // ---- order between threads

  @Test
  void aBarrierLeftOutBeforeReading() {
    String ill = Sample.edit(TRANSPOSE, "bar.sync \t0;", "");
    Fault fault = fault(() -> transpose(ill));
    assertThat(fault.kind()).isIn(Kind.RACE, Kind.UNINITIALISED);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "ld.shared.f32"));
  }

  @Test
  void aBarrierLeftOutBeforeWritingAgain() {
    String ill = Sample.edit(SOFTMAX, "bar.sync \t0;", 1, "");
    Fault fault = fault(() -> softmax(ill, 128));
    assertThat(fault.kind()).isEqualTo(Kind.RACE);
    assertThat(fault)
        .hasMessageContaining("st.shared.f32")
        .hasMessageContaining("write by warp 3 of what was read by")
        .hasMessageContaining("partial, 32 bytes");
  }

  @Test
  void everyBarrierOfTheSoftmaxIsNeeded() {
    for (int i = 0; i < 3; i++) {
      String ill = Sample.edit(SOFTMAX, "bar.sync \t0;", i, "");
      assertThat(fault(() -> softmax(ill, 128)).kind())
          .as("barrier %s left out", i)
          .isIn(Kind.RACE, Kind.UNINITIALISED);
    }
  }

  @Test
  void theBarrierOfAPipelineLeftOut() {
    String ill = Sample.edit(MATMUL, "bar.sync \t0;", "");
    assertThat(fault(() -> matmul(ill)).kind()).isIn(Kind.RACE, Kind.NOT_WAITED_FOR);
  }

  @Test
  void aWaitThatWaitsForTooLittle() {
    String ill = Sample.edit(MATMUL, "cp.async.wait_group 1;", "cp.async.wait_group 2;");
    Fault fault = fault(() -> matmul(ill));
    assertThat(fault.kind()).isEqualTo(Kind.NOT_WAITED_FOR);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "ldmatrix"));
    assertThat(fault).hasMessageContaining("left, 7680 bytes");
  }

  @Test
  void aWaitLeftOut() {
    String ill = Sample.edit(MATMUL, "cp.async.wait_group 1;", "");
    assertThat(fault(() -> matmul(ill)).kind()).isEqualTo(Kind.NOT_WAITED_FOR);
  }

  @Test
  void aCommitLeftOut() {
    String ill = Sample.edit(MATMUL, "cp.async.commit_group;", 1, "");
    assertThat(fault(() -> matmul(ill)).kind()).isEqualTo(Kind.NOT_WAITED_FOR);
  }

  @Test
  void aRowOfAMatrixThatIsMisaligned() {
    String ill = Sample.edit(MATMUL, "}, [%r98];", "}, [%r98+8];");
    Fault fault = fault(() -> matmul(ill));
    assertThat(fault.kind()).isEqualTo(Kind.MISALIGNED);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "[%r98+8]"));
  }

  @Test
  void aBarrierForMoreThreadsThanThereAre() {
    String ill = Sample.edit(TRANSPOSE, "bar.sync \t0;", "bar.sync \t0, 512;");
    Fault fault = fault(() -> transpose(ill));
    assertThat(fault.kind()).isEqualTo(Kind.DEADLOCK);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "bar.sync"));
    assertThat(fault).hasMessageContaining("warp 7 at " + fault.line() + ": bar.sync 0, 512");
  }

  @Test
  void aLoopWithoutEnd() {
    String ill = TRANSPOSE;
    for (String step :
        new String[] {"%r50, %r50, 8", "%r49, %r49, 1056", "%r48, %r48, %r8", "%r47, %r47, 8"}) {
      ill = Sample.edit(ill, "add.s32 \t" + step + ";", "");
    }
    String endless = ill;
    Fault fault = fault(() -> transpose(endless));
    assertThat(fault.kind()).isEqualTo(Kind.STEP_LIMIT);
  }

  // ---- warps

  @Test
  void aMaskThatLeavesOutALane() {
    String ill = Sample.edit(SOFTMAX, "mov.u32 \t%r18, -1;", "mov.u32 \t%r18, 65535;");
    Fault fault = fault(() -> softmax(ill, 128));
    assertThat(fault.kind()).isEqualTo(Kind.LANE_MASK);
    assertThat(fault.line()).isEqualTo(Sample.line(ill, "shfl.sync.bfly"));
    assertThat(fault)
        .hasMessageContaining("its mask 0000ffff leaves out")
        .hasMessageContaining("lane 16)");
  }

  @Test
  void aMaskThatNamesLanesThatDoNotExist() {
    Fault fault = fault(() -> softmax(SOFTMAX, 48));
    assertThat(fault.kind()).isEqualTo(Kind.LANE_MASK);
    assertThat(fault).hasMessageContaining("ended: ffff0000");
  }

  @Test
  void aShuffleThatOnlyOneLaneComesTo() {
    String shuffle = "shfl.sync.bfly.b32 \t%r19|%p3, %r15, %r17, %r16, %r18;";
    String ill = Sample.edit(SOFTMAX, shuffle, "setp.eq.u32 %p3, %r2, 0;\n@%p3 " + shuffle);
    Fault fault = fault(() -> softmax(ill, 128));
    assertThat(fault.kind()).isIn(Kind.DIVERGENCE, Kind.UNINITIALISED);
  }

  @Test
  void aBarrierThatOnlySomeLanesOfAWarpComeTo() {
    String ill = Sample.edit(SOFTMAX, "bar.sync \t0;", 0, "@%p8 bar.sync \t0;");
    Fault fault = fault(() -> softmax(ill, 128));
    assertThat(fault.kind()).isEqualTo(Kind.DIVERGENCE);
    assertThat(fault).hasMessageContaining("@%p8 bar.sync 0").hasMessageContaining("shfl.sync");
  }
}
