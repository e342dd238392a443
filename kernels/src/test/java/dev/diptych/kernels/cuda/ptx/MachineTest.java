package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Modules, launches, and the barriers of a block. */
class MachineTest {
  private static final String HEAD =
      """
      .version 8.0
      .target sm_80
      .address_size 64
      """;

  private static PtxModule load(String text) {
    return new PtxMachine().load(HEAD + text);
  }

  @Test
  void parametersHaveTheirPlaces() {
    Entry entry =
        load("""
        .visible .entry k(
          .param .u8 flag,
          .param .u64 .ptr .global .align 16 x,
          .param .align 4 .b8 pair[12],
          .param .f32 scale
        )
        .reqntid 64, 2, 1
        { ret; }
        """)
            .entry("k");
    assertThat(entry.parameters())
        .containsExactly(
            new Parameter("flag", 0, 1, 1),
            new Parameter("x", 8, 8, 8),
            new Parameter("pair", 16, 12, 4),
            new Parameter("scale", 28, 4, 4));
    assertThat(entry.parameterBytes()).isEqualTo(32);
    assertThat(entry.maxThreads()).isEqualTo(new Extent(64, 2, 1));
  }

  @Test
  void whatIsNotKnownIsRefusedByNameAndLine() {
    assertThatThrownBy(
            () -> load(".visible .entry k()\n{\n.reg .f32 %f<2>;\nfrobnicate.f32 %f0, %f1;\n}"))
        .isInstanceOf(PtxException.class)
        .hasMessageContaining("PTX line 7:")
        .hasMessageContaining("frobnicate.f32 %f0, %f1");
    assertThatThrownBy(() ->
            load(".visible .entry k()\n{\n.reg .f32 %f<2>;\nadd.rn.odd.f32 %f0, %f1, %f1;\n}"))
        .hasMessageContaining("modifier .odd");
    assertThatThrownBy(
            () -> load(".visible .entry k()\n{\n.reg .b64 %t<2>;\nmov.u64 %t0, %globaltimer;\n}"))
        .hasMessageContaining("%globaltimer");
    assertThatThrownBy(() -> load(".visible .entry k()\n{\ncall f, ();\n}"))
        .hasMessageContaining("functions must be inlined");
    assertThatThrownBy(() -> load(".visible .entry k()\n{\nbra NOWHERE;\n}"))
        .hasMessageContaining("unknown name: NOWHERE");
    assertThatThrownBy(() -> load(".func f() { ret; }")).isInstanceOf(PtxException.class);
    assertThatThrownBy(() -> load(".visible .entry k() { ret; }").entry("other"))
        .hasMessageContaining("no kernel other in the module; it has [k]");
  }

  @Test
  void namesInInnerBracesHideOuterOnes() {
    PtxMachine machine = new PtxMachine();
    Entry entry =
        machine
            .load(
                HEAD
                    + """
                    .visible .entry k(.param .u64 out)
                    {
                    .reg .b32 %r<2>;
                    .reg .b64 %rd<1>;
                    mov.u32 %r0, 1;
                    { .reg .b32 %r0; mov.u32 %r0, 2; bra AGAIN; AGAIN: mov.u32 %r1, %r0; }
                    { .reg .b32 %r0; mov.u32 %r0, 3; bra AGAIN; AGAIN: add.u32 %r1, %r1, %r0; }
                    add.u32 %r1, %r1, %r0;
                    ld.param.u64 %rd0, [out];
                    st.global.u32 [%rd0], %r1;
                    }
                    """)
            .entry("k");
    long out = machine.memory().allocate(4, "out");
    byte[] parameters = new byte[8];
    MemorySegment.ofArray(parameters)
        .set(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, 0, out);
    machine.launch(entry, Extent.of(1), Extent.of(1), 0, parameters);
    int[] result = new int[1];
    machine.memory().read(out, MemorySegment.ofArray(result));
    assertThat(result[0]).isEqualTo(6);
  }

  @Test
  void launchesThatNoDeviceWouldTake() {
    PtxMachine machine = new PtxMachine();
    Entry entry = machine.load(Sample.text("matmul.ptx")).entry("matmul");
    byte[] parameters = new byte[36];
    refused(machine, entry, Extent.of(1), Extent.of(129), 0, parameters, "compiled for (128,1,1)");
    refused(machine, entry, Extent.of(1), Extent.of(1025), 0, parameters, "1 to 1024");
    refused(machine, entry, Extent.of(0), Extent.of(128), 0, parameters, "a grid of (0,1,1)");
    refused(machine, entry, Extent.of(1, 65_536), Extent.of(128), 0, parameters, "a grid of");
    refused(machine, entry, Extent.of(1), Extent.of(128), 0, new byte[32], "it takes 36");
    // 15,360 bytes are fixed, 48 KiB are for everybody, more must be asked for.
    refused(machine, entry, Extent.of(1), Extent.of(128), 40_000, parameters, "it may have 33792");
    assertThatThrownBy(() -> machine.allowSharedMemory(entry, 160_000))
        .hasMessageContaining("sm_80 has 166912");
    machine.allowSharedMemory(entry, 40_000);
  }

  private static void refused(
      PtxMachine machine,
      Entry entry,
      Extent grid,
      Extent block,
      int shared,
      byte[] parameters,
      String why) {
    assertThatThrownBy(() -> machine.launch(entry, grid, block, shared, parameters))
        .isInstanceOfSatisfying(
            Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.BAD_LAUNCH))
        .hasMessageContaining(why);
  }

  /** Warp 0 makes, warp 1 takes: it must wait, warp 0 need not. */
  private static void handOver(String first, String second) {
    PtxMachine machine = new PtxMachine();
    Entry entry =
        machine
            .load(
                HEAD
                    + """
                    .visible .entry k()
                    {
                    .reg .b32 %r<4>;
                    .reg .pred %p<2>;
                    .shared .align 4 .b8 box[128];
                    mov.u32 %r0, %tid.x;
                    and.b32 %r1, %r0, 31;
                    mov.u32 %r2, box;
                    mad.lo.u32 %r2, %r1, 4, %r2;
                    setp.gt.u32 %p0, %r0, 31;
                    @%p0 bra TAKE;
                    st.shared.u32 [%r2], %r0;
                    FIRST
                    bra.uni END;
                    TAKE:
                    SECOND
                    ld.shared.u32 %r3, [%r2];
                    END:
                    bar.sync 0;
                    }
                    """
                        .replace("FIRST", first)
                        .replace("SECOND", second))
            .entry("k");
    machine.launch(entry, Extent.of(1), Extent.of(64), 0, new byte[0]);
  }

  @Test
  void namedBarriersBetweenSomeWarps() {
    handOver("bar.arrive 1, 64;", "bar.sync 1, 64;");
    handOver("bar.sync 1, 64;", "bar.sync 1, 64;");
    assertThatThrownBy(() -> handOver("", ""))
        .isInstanceOfSatisfying(Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.RACE));
    assertThatThrownBy(() -> handOver("bar.sync 1, 64;", "bar.arrive 1, 64;"))
        .as("the wrong one waits")
        .isInstanceOfSatisfying(Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.RACE));
    assertThatThrownBy(() -> handOver("", "bar.sync 1, 64;"))
        .isInstanceOfSatisfying(
            Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.DEADLOCK))
        .hasMessageContaining("warp 0 at")
        .hasMessageContaining("warp 1 at");
    assertThatThrownBy(() -> handOver("bar.sync 1, 32;", "bar.sync 1, 64;"))
        .isInstanceOf(Fault.class);
    assertThatThrownBy(() -> handOver("bar.sync 1, 40;", ""))
        .hasMessageContaining("no whole warps");
  }

  @Test
  void theFirstOfSeveralFaultyBlocksIsReported() {
    for (int i = 0; i < 20; i++) {
      Sample sample = Sample.of(Sample.text("vectoradd.ptx"), "vector_add");
      long a = sample.upload("a", new float[100]);
      assertThatThrownBy(() -> sample.launch(Extent.of(50), Extent.of(32), 0, a, a, a, 1600))
          .hasMessageContaining("block (3,0,0), thread (4,0,0)");
    }
  }
}
