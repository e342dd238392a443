package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Arithmetic, one instruction at a time, against what the PTX manual says of it. */
class ArithmeticTest {
  private static final float SUBNORMAL = 0x1p-130f;

  @Test
  void integersOf32Bits() {
    assertThat(Snippet.word("add.s32 %d, %a, %b;", 7, -9)).isEqualTo(-2);
    assertThat(Snippet.word("add.sat.s32 %d, %a, %b;", Integer.MAX_VALUE, 1))
        .isEqualTo(Integer.MAX_VALUE);
    assertThat(Snippet.word("sub.s32 %d, %a, 5;", 3)).isEqualTo(-2);
    assertThat(Snippet.word("mul.lo.s32 %d, %a, %b;", 100_000, 100_000)).isEqualTo(1_410_065_408);
    assertThat(Snippet.word("mul.hi.s32 %d, %a, %b;", -100_000, 100_000)).isEqualTo(-3);
    assertThat(Snippet.word("mul.hi.u32 %d, %a, %b;", -1, -1)).isEqualTo(-2);
    assertThat(Snippet.word("mad.lo.s32 %d, %a, %b, %c;", 3, 4, 5)).isEqualTo(17);
    assertThat(Snippet.word("div.s32 %d, %a, %b;", -7, 2)).isEqualTo(-3);
    assertThat(Snippet.word("div.u32 %d, %a, %b;", -1, 2)).isEqualTo(Integer.MAX_VALUE);
    assertThat(Snippet.word("rem.s32 %d, %a, %b;", -7, 2)).isEqualTo(-1);
    assertThat(Snippet.word("rem.u32 %d, %a, %b;", -1, 16)).isEqualTo(15);
    assertThat(Snippet.word("min.u32 %d, %a, %b;", -1, 5)).isEqualTo(5);
    assertThat(Snippet.word("min.s32 %d, %a, %b;", -1, 5)).isEqualTo(-1);
    assertThat(Snippet.word("max.u32 %d, %a, %b;", -1, 5)).isEqualTo(-1);
    assertThat(Snippet.word("abs.s32 %d, %a;", -8)).isEqualTo(8);
    assertThat(Snippet.word("neg.s32 %d, %a;", 8)).isEqualTo(-8);
    assertThat(Snippet.word("sad.s32 %d, %a, %b, %c;", -3, 4, 10)).isEqualTo(17);
  }

  @Test
  void bits() {
    assertThat(Snippet.word("and.b32 %d, %a, 12;", 10)).isEqualTo(8);
    assertThat(Snippet.word("not.b32 %d, %a;", 0)).isEqualTo(-1);
    assertThat(Snippet.word("shl.b32 %d, %a, %b;", 1, 31)).isEqualTo(Integer.MIN_VALUE);
    assertThat(Snippet.word("shl.b32 %d, %a, %b;", 1, 32)).isZero();
    assertThat(Snippet.word("shr.u32 %d, %a, %b;", -1, 28)).isEqualTo(15);
    assertThat(Snippet.word("shr.s32 %d, %a, %b;", -256, 4)).isEqualTo(-16);
    assertThat(Snippet.word("shr.s32 %d, %a, %b;", -1, 40)).isEqualTo(-1);
    assertThat(Snippet.word("shf.l.wrap.b32 %d, %a, %b, %c;", 0xF0000000, 1, 36)).isEqualTo(0x1F);
    assertThat(Snippet.word("shf.r.clamp.b32 %d, %a, %b, %c;", 1, 7, 50)).isEqualTo(7);
    assertThat(Snippet.word("popc.b32 %d, %a;", 0xFF00FF)).isEqualTo(16);
    assertThat(Snippet.word("clz.b32 %d, %a;", 1)).isEqualTo(31);
    assertThat(Snippet.word("brev.b32 %d, %a;", 1)).isEqualTo(Integer.MIN_VALUE);
    assertThat(Snippet.word("bfind.u32 %d, %a;", 0x80)).isEqualTo(7);
    assertThat(Snippet.word("bfind.s32 %d, %a;", -1)).isEqualTo(-1);
    assertThat(Snippet.word("bfe.u32 %d, %a, 4, 8;", 0xABCD)).isEqualTo(0xBC);
    assertThat(Snippet.word("bfe.s32 %d, %a, 4, 8;", 0xABCD)).isEqualTo(0xFFFFFFBC);
    assertThat(Snippet.word("bfe.s32 %d, %a, 28, 8;", 0x80000000)).isEqualTo(-8);
    assertThat(Snippet.word("bfi.b32 %d, %a, %b, 4, 28;", 3, 5)).isEqualTo(0x35);
    assertThat(Snippet.word("bfi.b32 %d, %a, %b, 8, 0;", 3, 5)).isEqualTo(5);
    assertThat(Snippet.word("lop3.b32 %d, %a, %b, %c, 0x96;", 12, 10, 6)).isZero();
    assertThat(Snippet.word("lop3.b32 %d, %a, %b, %c, 0xCA;", 12, 10, 5))
        .isEqualTo((12 & 10) | (~12 & 5));
    assertThat(Snippet.word("prmt.b32 %d, %a, %b, 0x5410;", 0x44332211, 0x88776655))
        .isEqualTo(0x66552211);
    assertThat(Snippet.word("prmt.b32 %d, %a, %b, 0x000C;", 0x00000080, 0xFF))
        .isEqualTo(0x808080FF);
    assertThat(Snippet.word("dp4a.s32.s32 %d, %a, %b, %c;", 0x01FF0203, 0x04050607, 1))
        .isEqualTo(4 - 5 + 12 + 21 + 1);
  }

  @Test
  void integersOf64And16Bits() {
    assertThat(Snippet.wide("add.s64 %d, %a, %b;", 1L << 40, 5)).isEqualTo((1L << 40) + 5);
    assertThat(Snippet.wide("mul.hi.u64 %d, %a, %b;", -1, -1)).isEqualTo(-2);
    assertThat(Snippet.wide("mul.hi.s64 %d, %a, %b;", 1L << 62, 8)).isEqualTo(2);
    assertThat(Snippet.wide("shl.b64 %d, %a, 40;", 3)).isEqualTo(3L << 40);
    assertThat(Snippet.wide("shr.u64 %d, %a, 33;", -1)).isEqualTo(0x7FFFFFFFL);
    assertThat(Snippet.wide("cvt.u32.u64 %r0, %a; mul.wide.s32 %d, %r0, -4;", 5)).isEqualTo(-20);
    assertThat(Snippet.wide("cvt.u32.u64 %r0, %a; mul.wide.u32 %d, %r0, -1431655765;", 6))
        .isEqualTo(6 * 2863311531L);
    assertThat(Snippet.wide("cvt.u32.u64 %r0, %a; mad.wide.s32 %d, %r0, %r0, %b;", -3, 1L << 33))
        .isEqualTo((1L << 33) + 9);
    assertThat(Snippet.wide("popc.b64 %r0, %a; cvt.u64.u32 %d, %r0;", -1)).isEqualTo(64);
    assertThat(Snippet.wide("clz.b64 %r0, %a; cvt.u64.u32 %d, %r0;", 1)).isEqualTo(63);
    String[] halves = {"b16", "b16", "b16"};
    assertThat(Snippet.run("add.s16 %d, %a, %b;", halves, new long[] {-5}, new long[] {3})[0])
        .isEqualTo(-2);
    assertThat(Snippet.run("min.s16 %d, %a, %b;", halves, new long[] {-5}, new long[] {3})[0])
        .isEqualTo(-5);
    assertThat(Snippet.run("shr.s16 %d, %a, 1;", halves, new long[] {-6}, new long[] {0})[0])
        .isEqualTo(-3);
    assertThat(Snippet.word("cvt.u16.u32 %h0, %a; mul.wide.s16 %d, %h0, %h0;", 0xFFFD))
        .isEqualTo(9);
  }

  @Test
  void aDivisionByZeroIsReported() {
    assertThatThrownBy(() -> Snippet.word("div.s32 %d, %a, %b;", 1, 0))
        .isInstanceOf(Fault.class)
        .hasMessageContaining("division by zero");
  }

  @Test
  void floats() {
    assertThat(Snippet.f32("add.f32 %d, %a, %b;", 0.1f, 0.2f)).isEqualTo(0.1f + 0.2f);
    assertThat(Snippet.f32("fma.rn.f32 %d, %a, %b, %c;", 1 + 0x1p-12f, 1 - 0x1p-12f, -1))
        .isEqualTo(-0x1p-24f);
    assertThat(Snippet.f32("div.rn.f32 %d, %a, %b;", 1, 3)).isEqualTo(1f / 3);
    assertThat(Snippet.f32("rcp.rn.f32 %d, %a;", 3)).isEqualTo(1f / 3);
    assertThat(Snippet.f32("sqrt.rn.f32 %d, %a;", 2)).isEqualTo((float) Math.sqrt(2));
    assertThat(Snippet.f32("neg.f32 %d, %a;", 0)).isEqualTo(-0f);
    assertThat(Snippet.f32("add.sat.f32 %d, %a, %b;", 1, 1)).isEqualTo(1);
    assertThat(Snippet.f32("mul.f32 %d, %a, 0f40000000;", 3)).isEqualTo(6);
    assertThat(Snippet.word("add.f32 %d, %a, %b;", 0x7f800000, 0xff800000)).isEqualTo(0x7fffffff);
  }

  @Test
  void subnormalNumbersAreFlushedWhereAsked() {
    assertThat(Snippet.f32("add.f32 %d, %a, %b;", SUBNORMAL, 0)).isEqualTo(SUBNORMAL);
    assertThat(Snippet.f32("add.ftz.f32 %d, %a, %b;", SUBNORMAL, 0)).isZero();
    assertThat(Snippet.f32("mul.ftz.f32 %d, %a, %b;", 0x1p-100f, -0x1p-30f)).isEqualTo(-0f);
    assertThat(Snippet.f32("mul.f32 %d, %a, %b;", 0x1p-100f, 0x1p-30f)).isEqualTo(SUBNORMAL);
    assertThat(Snippet.f32("ex2.approx.ftz.f32 %d, %a;", -130)).isZero();
    assertThat(Snippet.f32("ex2.approx.f32 %d, %a;", -130)).isEqualTo(SUBNORMAL);
  }

  @Test
  void roundingToOneSide() {
    float third = 1f / 3; // rounded up
    assertThat(Snippet.f32("mul.rz.f32 %d, %a, %b;", 1 + 0x1p-23f, 1 + 0x1p-23f))
        .isEqualTo(1 + 0x1p-22f);
    assertThat(Snippet.f32("mul.rp.f32 %d, %a, %b;", 1 + 0x1p-23f, 1 + 0x1p-23f))
        .isEqualTo(1 + 3 * 0x1p-23f);
    assertThat(Snippet.f32("add.rm.f32 %d, %a, %b;", 1, -0x1p-40f)).isEqualTo(Math.nextDown(1f));
    assertThat(Snippet.f32("add.rz.f32 %d, %a, %b;", -1, 0x1p-40f)).isEqualTo(-Math.nextDown(1f));
    assertThat(Snippet.f32("add.rp.f32 %d, %a, %b;", 1, 0x1p-40f)).isEqualTo(Math.nextUp(1f));
    assertThat(Snippet.f32("sub.rp.f32 %d, %a, %b;", 1, 0x1p-40f)).isEqualTo(1);
    assertThat(Snippet.f32("fma.rm.f32 %d, %a, %b, %c;", third, 3, -1)).isEqualTo(0x1p-25f);
    assertThat(Snippet.f32("mul.rz.f32 %d, %a, %b;", Float.MAX_VALUE, 2))
        .isEqualTo(Float.MAX_VALUE);
    assertThat(Snippet.f32("mul.rp.f32 %d, %a, %b;", Float.MAX_VALUE, 2)).isInfinite();
  }

  @Test
  void leastAndMostAmongNoNumbers() {
    float nan = Float.NaN;
    assertThat(Snippet.f32("max.f32 %d, %a, %b;", nan, 1)).isEqualTo(1);
    assertThat(Snippet.f32("min.f32 %d, %a, %b;", 1, nan)).isEqualTo(1);
    assertThat(Snippet.f32("max.NaN.f32 %d, %a, %b;", nan, 1)).isNaN();
    assertThat(Snippet.f32("max.f32 %d, %a, %b;", nan, nan)).isNaN();
    assertThat(Snippet.f32("max.f32 %d, %a, %b;", -0f, 0f)).isEqualTo(0f);
  }

  @Test
  void approximationsAreCloseToTheFunctions() {
    for (float x : new float[] {0.01f, 0.7f, 1, 2.5f, 9}) {
      near(Snippet.f32("ex2.approx.f32 %d, %a;", x), Math.pow(2, x));
      near(Snippet.f32("lg2.approx.f32 %d, %a;", x), Math.log(x) / Math.log(2));
      near(Snippet.f32("rsqrt.approx.f32 %d, %a;", x), 1 / Math.sqrt(x));
      near(Snippet.f32("rcp.approx.ftz.f32 %d, %a;", x), 1 / x);
      near(Snippet.f32("sqrt.approx.f32 %d, %a;", x), Math.sqrt(x));
      near(Snippet.f32("div.full.f32 %d, %a, %b;", x, 3), x / 3);
      near(Snippet.f32("tanh.approx.f32 %d, %a;", x), Math.tanh(x));
      near(Snippet.f32("sin.approx.f32 %d, %a;", x), Math.sin(x));
      near(Snippet.f32("cos.approx.f32 %d, %a;", x), Math.cos(x));
    }
    assertThat(Snippet.f32("ex2.approx.f32 %d, %a;", Float.NEGATIVE_INFINITY)).isZero();
    assertThat(Snippet.f32("lg2.approx.f32 %d, %a;", 0)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(Snippet.f32("rsqrt.approx.f32 %d, %a;", 0)).isEqualTo(Float.POSITIVE_INFINITY);
  }

  private static void near(double actual, double expected) {
    assertThat(actual).isCloseTo(expected, within(Math.abs(expected) * 1e-6 + 1e-7));
  }

  @Test
  void doubles() {
    long a = Double.doubleToRawLongBits(1.1);
    long b = Double.doubleToRawLongBits(2.2);
    assertThat(Double.longBitsToDouble(Snippet.wide("add.f64 %d, %a, %b;", a, b)))
        .isEqualTo(1.1 + 2.2);
    assertThat(
            Double.longBitsToDouble(
                Snippet.wide("fma.rn.f64 %d, %a, %b, 0d4008000000000000;", a, b)))
        .isEqualTo(Math.fma(1.1, 2.2, 3));
    assertThat(Double.longBitsToDouble(Snippet.wide("div.rn.f64 %d, %a, %b;", a, b)))
        .isEqualTo(1.1 / 2.2);
  }

  @Test
  void comparisons() {
    String pick = "selp.b32 %d, 1, 0, %p0;";
    assertThat(Snippet.word("setp.lt.s32 %p0, %a, %b; " + pick, -1, 1)).isEqualTo(1);
    assertThat(Snippet.word("setp.lt.u32 %p0, %a, %b; " + pick, -1, 1)).isZero();
    assertThat(Snippet.word("setp.hs.u32 %p0, %a, %b; " + pick, -1, 1)).isEqualTo(1);
    String both = "setp.ne.s32 %p1, %a, 0; setp.eq.and.s32 %p0, %a, %b, %p1; ";
    assertThat(Snippet.word(both + pick, 2, 2)).isEqualTo(1);
    assertThat(Snippet.word(both + pick, 0, 0)).isZero();
    int nan = 0x7fc00000;
    int one = Float.floatToRawIntBits(1);
    assertThat(Snippet.word("setp.ne.f32 %p0, %a, %b; " + pick, nan, one)).isZero();
    assertThat(Snippet.word("setp.neu.f32 %p0, %a, %b; " + pick, nan, one)).isEqualTo(1);
    assertThat(Snippet.word("setp.geu.f32 %p0, %a, %b; " + pick, nan, one)).isEqualTo(1);
    assertThat(Snippet.word("setp.nan.f32 %p0, %a, %b; " + pick, nan, one)).isEqualTo(1);
    assertThat(Snippet.word("setp.gt.f32 %p0|%p1, %a, %b; selp.b32 %d, 1, 0, %p1;", one, one))
        .isEqualTo(1);
    assertThat(Snippet.word("set.gt.u32.f32 %d, %a, %b;", one, 0)).isEqualTo(-1);
    assertThat(Snippet.word("slct.b32.s32 %d, %a, %b, %c;", 5, 6, -1)).isEqualTo(6);
    assertThat(Snippet.word("testp.infinite.f32 %p0, %a; " + pick, 0x7f800000)).isEqualTo(1);
    assertThat(
            Snippet.word(
                "setp.lt.s32 %p1, %a, 3; setp.lt.s32 %p2, %a, 1; xor.pred %p0, %p1, %p2; " + pick,
                2))
        .isEqualTo(1);
  }
}
