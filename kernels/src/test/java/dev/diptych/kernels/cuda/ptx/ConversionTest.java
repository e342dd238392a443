package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Conversions between number formats, and arithmetic on halves, bit for bit. */
class ConversionTest {
  private static int bits(float x) {
    return Float.floatToRawIntBits(x);
  }

  @Test
  void floatsToIntegersSaturate() {
    assertThat(Snippet.word("cvt.rni.s32.f32 %d, %a;", bits(2.5f))).isEqualTo(2);
    assertThat(Snippet.word("cvt.rni.s32.f32 %d, %a;", bits(3.5f))).isEqualTo(4);
    assertThat(Snippet.word("cvt.rzi.s32.f32 %d, %a;", bits(-2.9f))).isEqualTo(-2);
    assertThat(Snippet.word("cvt.rmi.s32.f32 %d, %a;", bits(-2.1f))).isEqualTo(-3);
    assertThat(Snippet.word("cvt.rpi.s32.f32 %d, %a;", bits(2.1f))).isEqualTo(3);
    assertThat(Snippet.word("cvt.rzi.s32.f32 %d, %a;", bits(1e10f))).isEqualTo(Integer.MAX_VALUE);
    assertThat(Snippet.word("cvt.rzi.u32.f32 %d, %a;", bits(-5))).isZero();
    assertThat(Snippet.word("cvt.rzi.u32.f32 %d, %a;", bits(4e9f))).isEqualTo((int) 4_000_000_000L);
    assertThat(Snippet.word("cvt.rzi.s32.f32 %d, %a;", bits(Float.NaN))).isZero();
    assertThat(
            Snippet.run(
                "cvt.rzi.s64.f32 %d, %a;",
                new String[] {"b64", "b32"}, new long[] {bits(Float.NaN)})[0])
        .isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void integersToFloatsRoundOnce() {
    assertThat(Snippet.word("cvt.rn.f32.s32 %d, %a;", 16_777_217)).isEqualTo(bits(16_777_216));
    assertThat(Snippet.word("cvt.rp.f32.s32 %d, %a;", 16_777_217)).isEqualTo(bits(16_777_218));
    assertThat(Snippet.word("cvt.rz.f32.s32 %d, %a;", -16_777_217)).isEqualTo(bits(-16_777_216));
    assertThat(Snippet.word("cvt.rn.f32.u32 %d, %a;", -1)).isEqualTo(bits(4_294_967_296f));
    String[] types = {"b32", "b64"};
    // Just above a tie: double would round it down to the tie first.
    long tie = (1L << 62) + (1L << 38) + 1;
    assertThat(Snippet.run("cvt.rn.f32.s64 %d, %a;", types, new long[] {tie})[0])
        .isEqualTo(bits(0x1p62f + 0x1p39f));
    assertThat(Snippet.run("cvt.rn.f32.u64 %d, %a;", types, new long[] {-1})[0])
        .isEqualTo(bits(0x1p64f));
  }

  @Test
  void integersOfOneSizeToAnother() {
    assertThat(Snippet.word("cvt.s32.s8 %d, %a;", 0x1FF)).isEqualTo(-1);
    assertThat(Snippet.word("cvt.u32.u8 %d, %a;", 0x1FF)).isEqualTo(255);
    assertThat(Snippet.word("cvt.sat.s8.s32 %r0, %a; cvt.s32.s8 %d, %r0;", 300)).isEqualTo(127);
    assertThat(Snippet.word("cvt.sat.u8.s32 %d, %a;", -4)).isZero();
    String[] widening = {"b64", "b32"};
    assertThat(Snippet.run("cvt.s64.s32 %d, %a;", widening, new long[] {-2})[0]).isEqualTo(-2);
    assertThat(Snippet.run("cvt.u64.u32 %d, %a;", widening, new long[] {-2})[0])
        .isEqualTo(4_294_967_294L);
  }

  @Test
  void roundingToIntegralFloats() {
    assertThat(Snippet.f32("cvt.rmi.f32.f32 %d, %a;", -1.5f)).isEqualTo(-2);
    assertThat(Snippet.f32("cvt.rni.f32.f32 %d, %a;", -0.2f)).isEqualTo(-0f);
    assertThat(Snippet.f32("cvt.sat.f32.f32 %d, %a;", 1.5f)).isEqualTo(1);
  }

  @Test
  void bf16RoundsToNearestEven() {
    String one = "cvt.rn.bf16.f32 %h0, %a; cvt.u32.u16 %d, %h0;";
    assertThat(Snippet.word(one, 0x3F808000)).isEqualTo(0x3F80); // a tie, even below
    assertThat(Snippet.word(one, 0x3F818000)).isEqualTo(0x3F82); // a tie, even above
    assertThat(Snippet.word(one, 0x3F808001)).isEqualTo(0x3F81);
    assertThat(Snippet.word(one, 0x7F7FFFFF)).isEqualTo(0x7F80);
    assertThat(Snippet.word(one, 0x7F800001)).isEqualTo(0x7FFF);
    assertThat(Snippet.word(one, 0x00010001)).isEqualTo(1); // subnormal
    String cut = "cvt.rz.bf16.f32 %h0, %a; cvt.u32.u16 %d, %h0;";
    assertThat(Snippet.word(cut, 0x3F80FFFF)).isEqualTo(0x3F80);
    String rectified = "cvt.rn.relu.bf16.f32 %h0, %a; cvt.u32.u16 %d, %h0;";
    assertThat(Snippet.word(rectified, bits(-3))).isZero();
    assertThat(Snippet.word("cvt.rn.bf16x2.f32 %d, %a, %b;", bits(1), bits(-2)))
        .isEqualTo(0x3F80C000);
  }

  @Test
  void f16RoundsToNearestEven() {
    String one = "cvt.rn.f16.f32 %h0, %a; cvt.u32.u16 %d, %h0;";
    assertThat(Snippet.word(one, bits(1 + 0x1p-11f))).isEqualTo(0x3C00);
    assertThat(Snippet.word(one, bits(1 + 3 * 0x1p-11f))).isEqualTo(0x3C02);
    assertThat(Snippet.word(one, bits(65_520))).isEqualTo(0x7C00);
    assertThat(Snippet.word(one, bits(65_519))).isEqualTo(0x7BFF);
    assertThat(Snippet.word(one, bits(0x1p-25f))).isZero();
    assertThat(Snippet.word(one, bits(0x1.8p-25f))).isEqualTo(1);
    assertThat(Snippet.word("cvt.rz.f16.f32 %h0, %a; cvt.u32.u16 %d, %h0;", bits(65_520)))
        .isEqualTo(0x7BFF);
    assertThat(Snippet.word("cvt.rn.f16x2.f32 %d, %a, %b;", bits(1), bits(-2)))
        .isEqualTo(0x3C00C000);
    assertThat(
            Snippet.f32(
                "mov.b32 {%h0, %h1}, %a; cvt.f32.f16 %d, %h1;", Float.intBitsToFloat(0x3C01_0000)))
        .isEqualTo(1 + 0x1p-10f);
  }

  @Test
  void tf32RoundsTiesAwayFromZero() {
    assertThat(Snippet.word("cvt.rna.tf32.f32 %d, %a;", 0x3F801000)).isEqualTo(0x3F802000);
    assertThat(Snippet.word("cvt.rna.tf32.f32 %d, %a;", 0xBF801000)).isEqualTo(0xBF802000);
    assertThat(Snippet.word("cvt.rna.tf32.f32 %d, %a;", 0x3F800FFF)).isEqualTo(0x3F800000);
  }

  @Test
  void everyBf16AndF16SurvivesTheWayToF32AndBack() {
    for (int half = 0; half < 1 << 16; half++) {
      float asBf16 = Numbers.fromBf16(half);
      float asF16 = Numbers.fromF16(half);
      if (!Float.isNaN(asBf16)) {
        assertThat(Numbers.toBf16(asBf16, false)).isEqualTo(half);
        assertThat(Numbers.toBf16(asBf16, true)).isEqualTo(half);
      }
      if (!Float.isNaN(asF16)) {
        assertThat(Numbers.toF16(asF16, false)).isEqualTo(half);
        assertThat(Numbers.toF16(asF16, true)).isEqualTo(half);
      }
    }
  }

  /** The definition of rounding to nearest even, by the distances to both neighbours. */
  @Test
  void bf16IsTheNearestOfAll() {
    Random random = new Random(1);
    for (int i = 0; i < 10_000; i++) {
      float x = Float.intBitsToFloat(random.nextInt());
      if (Math.abs(x) < 1e38f) {
        int found = Numbers.toBf16(x, false);
        double distance = Math.abs((double) Numbers.fromBf16(found) - x);
        for (int other : new int[] {found - 1, found + 1}) {
          double away = Math.abs((double) Numbers.fromBf16(other) - x);
          assertThat(distance).isLessThanOrEqualTo(away);
          assertThat(distance < away || (found & 1) == 0).isTrue();
        }
      }
    }
  }

  @Test
  void twoHalvesAtATime() {
    // (1, 2) and (0.5, −4) as bf16
    int x = 0x4000_3F80;
    int y = 0xC080_3F00;
    assertThat(Snippet.word("add.rn.bf16x2 %d, %a, %b;", x, y)).isEqualTo(0xC000_3FC0);
    assertThat(Snippet.word("mul.rn.bf16x2 %d, %a, %b;", x, y)).isEqualTo(0xC100_3F00);
    assertThat(Snippet.word("fma.rn.bf16x2 %d, %a, %b, %a;", x, y)).isEqualTo(0xC0C0_3FC0);
    assertThat(Snippet.word("max.bf16x2 %d, %a, %b;", x, y)).isEqualTo(0x4000_3F80);
    assertThat(Snippet.word("neg.bf16x2 %d, %a;", x)).isEqualTo(0xC000_BF80);
    assertThat(Snippet.word("abs.bf16x2 %d, %a;", y)).isEqualTo(0x4080_3F00);
    // (1, 2) and (0.5, −4) as f16
    assertThat(Snippet.word("add.f16x2 %d, %a, %b;", 0x4000_3C00, 0xC400_3800))
        .isEqualTo(0xC000_3E00);
    assertThat(Snippet.word("fma.rn.f16x2 %d, %a, %b, %c;", 0x4000_3C00, 0xC400_3800, 0x3C00_3C00))
        .isEqualTo(0xC700_3E00);
  }

  @Test
  void aFusedProductOfHalvesRoundsOnce() {
    // (1 + 2⁻¹⁰)² + 2⁻²⁰ = 1 + 2⁻⁹ + 2·2⁻²⁰: rounded in between, nothing of the end would be left.
    int a = 0x3C01;
    int tiny = 0x0010; // 2⁻²⁰
    String fused =
        "cvt.u16.u32 %h0, %a; cvt.u16.u32 %h1, %b; fma.rn.f16 %h2, %h0, %h0, %h1; "
            + "cvt.u32.u16 %d, %h2;";
    assertThat(Snippet.word(fused, a, tiny)).isEqualTo(0x3C02);
    // 1 · 1 + (1 + 2⁻¹⁰)·2⁻¹¹ is just above a tie.
    assertThat(Snippet.word(fused, 0x3C00, 0x1001)).isEqualTo(0x3C01);
    assertThat(Snippet.word(fused, 0x3C00, 0x1000)).isEqualTo(0x3C00);
  }
}
