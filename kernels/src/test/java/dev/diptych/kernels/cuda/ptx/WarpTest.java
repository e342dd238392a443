package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** How the lanes of a warp part, meet, and talk to each other. */
class WarpTest {
  private static final String[] WORDS = {"b32", "b32"};

  /** The results of the lanes; {@code %a} is the number of the lane. */
  private static long[] lanes(String body) {
    return Snippet.run(body, WORDS, LongStream.range(0, 32).toArray());
  }

  private static long[] each(LongUnaryOperator value) {
    return LongStream.range(0, 32).map(value).toArray();
  }

  @Test
  void branchesPartLanesAndJoinThem() {
    assertThat(
            lanes(
                """
                setp.lt.u32 %p0, %a, 10;
                @%p0 bra LOW;
                mov.u32 %d, 100;
                bra.uni END;
                LOW: mov.u32 %d, 200;
                END: activemask.b32 %r0;
                popc.b32 %r0, %r0;
                add.u32 %d, %d, %r0;
                """))
        .isEqualTo(each(lane -> (lane < 10 ? 200 : 100) + 32));
  }

  @Test
  void lanesLeaveALoopOneByOne() {
    assertThat(
            lanes(
                """
                mov.u32 %d, 0;
                mov.u32 %r0, 0;
                LOOP:
                add.u32 %d, %d, %r0;
                add.u32 %r0, %r0, 1;
                setp.le.u32 %p0, %r0, %a;
                @%p0 bra LOOP;
                """))
        .isEqualTo(each(lane -> lane * (lane + 1) / 2));
  }

  @Test
  void aShuffleWaitsForLanesWhoseCodeLiesFurtherOn() {
    // The lanes of the far block come back to the shuffle from behind it.
    assertThat(
            lanes(
                """
                setp.lt.u32 %p0, %a, 16;
                mov.u32 %r1, 1;
                @%p0 bra FAR;
                BACK: shfl.sync.bfly.b32 %d, %r1, 16, 31, -1;
                bra.uni END;
                FAR: mov.u32 %r1, 2;
                bra.uni BACK;
                END:
                """))
        .isEqualTo(each(lane -> lane < 16 ? 1 : 2));
  }

  @Test
  void jumpTablesSendEveryLaneItsWay() {
    assertThat(
            lanes(
                """
                and.b32 %r0, %a, 3;
                TABLE: .branchtargets ZERO, ONE, ZERO, THREE;
                brx.idx %r0, TABLE;
                ZERO: mov.u32 %d, 10;
                bra.uni END;
                ONE: mov.u32 %d, 11;
                bra.uni END;
                THREE: mov.u32 %d, 13;
                END:
                """))
        .isEqualTo(each(lane -> lane % 4 == 1 ? 11 : lane % 4 == 3 ? 13 : 10));
  }

  @Test
  void shufflesOfEveryKind() {
    assertThat(lanes("shfl.sync.idx.b32 %d, %a, 5, 31, -1;")).isEqualTo(each(lane -> 5));
    assertThat(lanes("shfl.sync.bfly.b32 %d, %a, 3, 31, -1;")).isEqualTo(each(lane -> lane ^ 3));
    assertThat(lanes("shfl.sync.up.b32 %d, %a, 2, 0, -1;"))
        .isEqualTo(each(lane -> lane < 2 ? lane : lane - 2));
    assertThat(lanes("shfl.sync.down.b32 %d, %a, 4, 31, -1;"))
        .isEqualTo(each(lane -> lane > 27 ? lane : lane + 4));
    // Segments of 8 lanes: c = (32 − 8) << 8 | 31.
    assertThat(lanes("shfl.sync.down.b32 %d, %a, 4, 0x181F, -1;"))
        .isEqualTo(each(lane -> lane % 8 > 3 ? lane : lane + 4));
    assertThat(lanes("shfl.sync.idx.b32 %d, %a, 1, 0x181F, -1;"))
        .isEqualTo(each(lane -> lane / 8 * 8 + 1));
    assertThat(lanes("shfl.sync.up.b32 %r0|%p0, %a, 2, 0, -1; selp.u32 %d, 1, 0, %p0;"))
        .isEqualTo(each(lane -> lane < 2 ? 0 : 1));
  }

  @Test
  void halvesOfAWarpShuffleByThemselves() {
    assertThat(
            lanes(
                """
                setp.lt.u32 %p0, %a, 16;
                @%p0 bra LOW;
                shfl.sync.bfly.b32 %d, %a, 1, 31, 0xFFFF0000;
                bra.uni END;
                LOW: shfl.sync.bfly.b32 %d, %a, 2, 31, 0x0000FFFF;
                END:
                """))
        .isEqualTo(each(lane -> lane < 16 ? lane ^ 2 : lane ^ 1));
  }

  @Test
  void aShuffleFromALaneThatDoesNotTakePart() {
    assertThatThrownBy(() ->
            lanes(
                """
                mov.u32 %d, 0;
                setp.lt.u32 %p0, %a, 16;
                @%p0 shfl.sync.bfly.b32 %d, %a, 16, 31, 0x0000FFFF;
                """))
        .isInstanceOf(Fault.class)
        .hasMessageContaining("reads from lane 16, which does not take part");
  }

  @Test
  void votesAndMatches() {
    String odd = "and.b32 %r0, %a, 1; setp.eq.u32 %p0, %r0, 1; ";
    assertThat(lanes(odd + "vote.sync.ballot.b32 %d, %p0, -1;"))
        .isEqualTo(each(lane -> 0xAAAAAAAA));
    assertThat(lanes(odd + "vote.sync.any.pred %p1, %p0, -1; selp.u32 %d, 1, 0, %p1;"))
        .isEqualTo(each(lane -> 1));
    assertThat(lanes(odd + "vote.sync.all.pred %p1, %p0, -1; selp.u32 %d, 1, 0, %p1;"))
        .isEqualTo(each(lane -> 0));
    assertThat(lanes(odd + "vote.sync.uni.pred %p1, %p0, -1; selp.u32 %d, 1, 0, %p1;"))
        .isEqualTo(each(lane -> 0));
    assertThat(lanes("shr.u32 %r0, %a, 3; match.any.sync.b32 %d, %r0, -1;"))
        .isEqualTo(each(lane -> (int) (0xFFL << (lane / 8 * 8))));
    assertThat(lanes("match.all.sync.b32 %d|%p0, 7, -1;")).isEqualTo(each(lane -> -1));
    assertThat(lanes("match.all.sync.b32 %d|%p0, %a, -1;")).isEqualTo(each(lane -> 0));
    assertThat(lanes("elect.sync %d|%p0, -1;")).isEqualTo(each(lane -> 0));
  }

  @Test
  void reductionsOfAWarp() {
    assertThat(lanes("redux.sync.add.u32 %d, %a, -1;")).isEqualTo(each(lane -> 496));
    assertThat(lanes("sub.s32 %r0, %a, 5; redux.sync.min.s32 %d, %r0, -1;"))
        .isEqualTo(each(lane -> -5));
    assertThat(lanes("redux.sync.xor.b32 %d, %a, -1;")).isEqualTo(each(lane -> 0));
  }

  @Test
  void specialRegisters() {
    assertThat(
            lanes(
                "mov.u32 %r0, %laneid; mov.u32 %r1, %lanemask_lt; popc.b32 %r1, %r1; "
                    + "add.u32 %d, %r0, %r1;"))
        .isEqualTo(each(lane -> 2 * lane));
  }

  @Test
  void lanesOfAWarpAreOrderedByItsBarrierOnly() {
    String exchange =
        """
        mov.u64 %rd0, tile;
        cvta.shared.u64 %rd0, %rd0;
        shl.b32 %r0, %a, 2;
        cvt.u64.u32 %rd1, %r0;
        add.s64 %rd1, %rd0, %rd1;
        st.u32 [%rd1], %a;
        BARRIER
        xor.b32 %r1, %r0, 4;
        cvt.u64.u32 %rd2, %r1;
        add.s64 %rd2, %rd0, %rd2;
        ld.u32 %d, [%rd2];
        """;
    assertThat(lanes(exchange.replace("BARRIER", "bar.warp.sync -1;")))
        .isEqualTo(each(lane -> lane ^ 1));
    assertThatThrownBy(() -> lanes(exchange.replace("BARRIER", "")))
        .isInstanceOfSatisfying(Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.RACE))
        .hasMessageContaining("read by warp 0 of what was written by warp 0 lane 1");
  }

  @Test
  void differentValuesToOnePlace() {
    assertThatThrownBy(() -> lanes("st.shared.u32 [tile], %a; mov.u32 %d, 0;"))
        .isInstanceOf(Fault.class)
        .hasMessageContaining("write by warp 0 of what was written by warp 0 lane 0");
    assertThat(lanes("st.shared.u32 [tile], 5; mov.u32 %d, 0;")).isEqualTo(each(lane -> 0));
  }
}
