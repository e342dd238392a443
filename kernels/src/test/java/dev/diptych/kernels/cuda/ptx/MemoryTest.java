package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Loads, stores, atomics and asynchronous copies in every kind of memory. */
class MemoryTest {
  private static final String[] WORDS = {"b32", "b32"};

  private static long[] lanes(String body) {
    return Snippet.run(body, WORDS, LongStream.range(0, 32).map(i -> i * 0x01010101).toArray());
  }

  private static long[] each(LongUnaryOperator value) {
    return LongStream.range(0, 32).map(value).toArray();
  }

  @Test
  void smallElementsAreExtended() {
    String byteAddress = "mul.lo.u32 %r0, %lane, 4; mov.u32 %r1, tile; add.u32 %r0, %r0, %r1; ";
    String store = byteAddress + "sub.u32 %r2, %lane, 16; st.shared.u8 [%r0+1], %r2; ";
    assertThat(lanes(store + "ld.shared.s8 %d, [%r0+1];")).isEqualTo(each(lane -> lane - 16));
    assertThat(lanes(store + "ld.shared.u8 %d, [%r0+1];"))
        .isEqualTo(each(lane -> lane - 16 & 0xff));
    assertThat(lanes(store + "ld.shared.u8 %h0, [%r0+1]; cvt.u32.u16 %d, %h0;"))
        .isEqualTo(each(lane -> lane - 16 & 0xff));
    assertThat(lanes(store + "ld.shared.s8 %h0, [%r0+1]; cvt.s32.s16 %d, %h0;"))
        .isEqualTo(each(lane -> lane - 16));
  }

  @Test
  void halvesOfAWordByTwoLanes() {
    assertThat(
            lanes(
                """
                shl.b32 %r0, %lane, 1;
                mov.u32 %r1, tile;
                add.u32 %r0, %r0, %r1;
                cvt.u16.u32 %h0, %lane;
                st.shared.u16 [%r0], %h0;
                bar.warp.sync -1;
                shl.b32 %r2, %lane, 1;
                and.b32 %r2, %r2, 60;
                add.u32 %r2, %r2, %r1;
                ld.shared.v2.u16 {%h1, %h2}, [%r2];
                mov.b32 %d, {%h1, %h2};
                """))
        .isEqualTo(each(lane -> (lane & ~1) | (lane | 1) << 16));
  }

  @Test
  void sharedMemoryByAGenericAddress() {
    assertThat(
            lanes(
                """
                mul.wide.u32 %rd0, %lane, 8;
                mov.u64 %rd1, tile;
                cvta.shared.u64 %rd1, %rd1;
                add.s64 %rd1, %rd1, %rd0;
                st.v2.b32 [%rd1], {%a, %lane};
                cvta.to.shared.u64 %rd2, %rd1;
                ld.shared.u32 %d, [%rd2+4];
                """))
        .isEqualTo(each(lane -> lane));
  }

  @Test
  void privateMemory() {
    assertThat(
            lanes(
                """
                .local .align 8 .b8 depot[16];
                mov.u64 %rd0, depot;
                cvta.local.u64 %rd1, %rd0;
                st.local.u32 [%rd0+8], %lane;
                ld.u32 %d, [%rd1+8];
                """))
        .isEqualTo(each(lane -> lane));
    assertThatThrownBy(() ->
            lanes(
                """
                .local .align 8 .b8 depot[16];
                mov.u64 %rd0, depot;
                ld.local.u32 %d, [%rd0+12];
                """))
        .isInstanceOf(Fault.class)
        .hasMessageContaining("nothing was written to: byte 12 of the private memory of thread 0");
  }

  @Test
  void constantsAndVariablesOfTheModule() {
    PtxMachine machine = new PtxMachine();
    Entry entry =
        machine
            .load(
                """
                .version 8.0
                .target sm_80
                .address_size 64
                .const .align 4 .b8 table[8] = {1, 0, 0, 0, 7};
                .global .align 4 .u32 sums[2] = {5, 6};
                .visible .entry add()
                {
                .reg .b32 %r<9>;
                ld.const.u32 %r0, [table+4];
                atom.global.add.u32 %r1, [sums+4], %r0;
                ld.global.u32 %r2, [sums+4];
                setp.ne.u32 %p0, %r2, 13;
                .reg .pred %p0;
                @%p0 trap;
                ret;
                }
                """)
            .entry("add");
    machine.launch(entry, Extent.of(1), Extent.of(1), 0, new byte[0]);
    assertThatThrownBy(() -> machine.launch(entry, Extent.of(1), Extent.of(1), 0, new byte[0]))
        .isInstanceOfSatisfying(Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.TRAP));
  }

  @Test
  void atomics() {
    String zero = "mov.u32 %r9, 0; st.shared.u32 [tile], %r9; bar.warp.sync -1; ";
    assertThat(lanes(zero + "atom.shared.add.u32 %d, [tile], 2;"))
        .isEqualTo(each(lane -> 2 * lane));
    assertThat(
            lanes(
                zero
                    + "atom.shared.max.s32 %r0, [tile], %lane; bar.warp.sync -1; "
                    + "ld.shared.u32 %d, [tile];"))
        .isEqualTo(each(lane -> 31));
    assertThat(lanes(zero + "atom.shared.cas.b32 %d, [tile], 0, 9;"))
        .isEqualTo(each(lane -> lane == 0 ? 0 : 9));
    assertThat(lanes(zero + "atom.shared.exch.b32 %d, [tile], %lane;"))
        .isEqualTo(each(lane -> Math.max(0, lane - 1)));
    assertThat(lanes(zero + "atom.shared.inc.u32 %d, [tile], 2;"))
        .isEqualTo(each(lane -> lane % 3));
    assertThat(
            lanes(
                zero
                    + "cvt.rn.f32.u32 %f0, %lane; red.shared.add.f32 [tile], %f0; "
                    + "bar.warp.sync -1; ld.shared.f32 %f1, [tile]; cvt.rzi.u32.f32 %d, %f1;"))
        .isEqualTo(each(lane -> 496));
  }

  @Test
  void anAtomicAndAnOrdinaryAccessAreARace() {
    assertThatThrownBy(() ->
            lanes(
                "mov.u32 %r9, 0; st.shared.u32 [tile], %r9; bar.warp.sync -1; "
                    + "atom.shared.add.u32 %r0, [tile], 2; ld.shared.u32 %d, [tile];"))
        .isInstanceOfSatisfying(Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.RACE));
  }

  /** Copies 16 bytes a lane from input a, whose address is a kernel parameter. */
  private static String copy(String instruction, String wait) {
    return """
    ld.param.u64 %rd0, [a];
    and.b32 %r0, %lane, 7;
    mul.wide.u32 %rd1, %r0, 16;
    add.s64 %rd0, %rd0, %rd1;
    mov.u32 %r1, tile;
    mad.lo.u32 %r2, %lane, 16, %r1;
    mov.u32 %r3, 6;
    """
        + instruction
        + "\n"
        + wait
        + "\nld.shared.v4.u32 {%r4, %r5, %r6, %r7}, [%r2];\n";
  }

  @Test
  void asynchronousCopiesOfEverySize() {
    String wait = "cp.async.commit_group; cp.async.wait_group 0;";
    assertThat(
            lanes(copy("cp.async.cg.shared.global [%r2], [%rd0], 16;", wait) + "mov.u32 %d, %r7;"))
        .isEqualTo(each(lane -> (lane % 8 * 4 + 3) * 0x01010101));
    assertThat(
            lanes(
                copy("cp.async.ca.shared.global [%r2], [%rd0], 16;", "cp.async.wait_all;")
                    + "mov.u32 %d, %r4;"))
        .isEqualTo(each(lane -> lane % 8 * 4 * 0x01010101));
    assertThat(
            lanes(
                copy(
                        "cp.async.ca.shared.global [%r2], [%rd0], 8; "
                            + "cp.async.ca.shared.global [%r2+8], [%rd0+4], 4; "
                            + "cp.async.ca.shared.global.L2::128B [%r2+12], [%rd0], 4;",
                        wait)
                    + "mov.u32 %d, %r6;"))
        .isEqualTo(each(lane -> (lane % 8 * 4 + 1) * 0x01010101));
  }

  @Test
  void asynchronousCopiesFillUpWithZeros() {
    String wait = "cp.async.commit_group; cp.async.wait_group 0;";
    assertThat(
            lanes(
                copy("cp.async.cg.shared.global [%r2], [%rd0], 16, %r3;", wait)
                    + "mov.u32 %d, %r5;"))
        .isEqualTo(each(lane -> (lane % 8 * 4 + 1) * 0x0101));
    assertThat(
            lanes(copy("cp.async.cg.shared.global [%r2], [0], 16, 0;", wait) + "mov.u32 %d, %r5;"))
        .isEqualTo(each(lane -> 0));
  }

  @Test
  void aCopyThatIsNotWaitedFor() {
    String copy = "cp.async.cg.shared.global [%r2], [%rd0], 16;";
    assertThatThrownBy(() -> lanes(copy(copy, "cp.async.commit_group;") + "mov.u32 %d, %r7;"))
        .isInstanceOf(Fault.class)
        .hasMessageContaining("that an asynchronous copy has not been waited for");
    assertThatThrownBy(() -> lanes(copy(copy, "cp.async.wait_group 0;") + "mov.u32 %d, %r7;"))
        .as("a wait without a commit")
        .isInstanceOf(Fault.class);
    assertThatThrownBy(() -> lanes(copy(copy, "st.shared.u32 [%r2], %r3;") + "mov.u32 %d, %r7;"))
        .as("a write into the place of a copy")
        .isInstanceOf(Fault.class);
  }

  @Test
  void aCopyOfAnotherLaneNeedsABarrierAfterTheWait() {
    String copy = copy("cp.async.cg.shared.global [%r2], [%rd0], 16;", "cp.async.wait_all;");
    String neighbour = "xor.b32 %r8, %lane, 1; mad.lo.u32 %r8, %r8, 16, %r1; ";
    assertThatThrownBy(() -> lanes(copy + neighbour + "ld.shared.u32 %d, [%r8];"))
        .isInstanceOfSatisfying(Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.RACE));
    assertThat(lanes(copy + neighbour + "bar.warp.sync -1; ld.shared.u32 %d, [%r8];"))
        .isEqualTo(each(lane -> (lane ^ 1) % 8 * 4 * 0x01010101));
  }
}
