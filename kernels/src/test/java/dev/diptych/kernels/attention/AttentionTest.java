package dev.diptych.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionTest {
  /** One case: inputs in f32 numbers, and what the reference makes of them. */
  private static final class Case {
    final AttentionDims d;
    final int @Nullable [] keyLengths;
    final double[] q;
    final double[] k;
    final double[] v;
    final double[] dy;
    final double[] y;
    final double[] lse;
    final double[] dq;
    final double[] dk;
    final double[] dv;

    Case(AttentionDims d, int @Nullable [] keyLengths) {
      this.d = d;
      this.keyLengths = keyLengths;
      q = Oracle.normal(1, d.queryLength());
      k = Oracle.normal(2, d.keyLength());
      v = Oracle.normal(3, d.keyLength());
      dy = Oracle.normal(4, d.b() * d.tq() * d.c());
      y = new double[dy.length];
      lse = new double[d.b() * d.h() * d.tq()];
      // The reference leaves the gaps between rows as NaN, and so must the kernel.
      dq = nan(q.length);
      dk = nan(k.length);
      dv = nan(v.length);
    }

    Case reference() {
      AttentionReference.forward(d, q, k, v, keyLengths, y, lse);
      AttentionReference.backward(d, q, k, v, keyLengths, y, lse, dy, dq, dk, dv);
      return this;
    }

    void assertKernel() {
      Floats fy = Oracle.unwritten(y.length);
      Floats fLse = Oracle.unwritten(lse.length);
      AttentionCpu.forward(
          d, Oracle.floats(q), Oracle.floats(k), Oracle.floats(v), keyLengths, fy, fLse);
      Oracle.assertClose("y", y, fy, 3e-6);
      Oracle.assertClose("lse", lse, fLse, 2e-6);
      Floats fdq = Oracle.unwritten(q.length);
      Floats fdk = Oracle.unwritten(k.length);
      Floats fdv = Oracle.unwritten(v.length);
      AttentionCpu.backward(
          d,
          Oracle.floats(q),
          Oracle.floats(k),
          Oracle.floats(v),
          keyLengths,
          Oracle.floats(y),
          Oracle.floats(lse),
          Oracle.floats(dy),
          fdq,
          fdk,
          fdv);
      Oracle.assertClose("dq", dq, fdq, 2e-5);
      Oracle.assertClose("dk", dk, fdk, 2e-5);
      Oracle.assertClose("dv", dv, fdv, 2e-5);
    }

    double scalar(double[] q, double[] k, double[] v) {
      double[] out = new double[y.length];
      AttentionReference.forward(d, q, k, v, keyLengths, out, new double[lse.length]);
      return Oracle.dot(out, dy);
    }
  }

  private static double[] nan(int length) {
    double[] values = new double[length];
    Arrays.fill(values, Double.NaN);
    return values;
  }

  @ParameterizedTest
  @CsvSource({"4,4,false", "4,4,true", "3,5,false"})
  void referenceGradientsAreFiniteDifferences(int tq, int tk, boolean causal) {
    int[] keyLengths = {tk, 2};
    Case c = new Case(AttentionDims.separate(2, 2, tq, tk, 3, causal), keyLengths).reference();
    Oracle.assertGradient("dq", x -> c.scalar(x, c.k, c.v), c.q, c.dq);
    Oracle.assertGradient("dk", x -> c.scalar(c.q, x, c.v), c.k, c.dk);
    Oracle.assertGradient("dv", x -> c.scalar(c.q, c.k, x), c.v, c.dv);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1",
    "2,3,2,2",
    "1,2,3,3",
    "1,1,4,4",
    "2,1,5,7",
    "1,2,6,8",
    "1,1,7,9",
    "1,1,8,15",
    "1,2,9,16",
    "1,1,13,17",
    "2,2,14,31",
    "1,2,15,32",
    "1,1,16,33",
    "3,4,17,32",
    "1,2,29,64",
    "1,1,31,48",
    "2,1,32,65",
    "1,2,33,64",
    "2,8,50,64",
    "1,2,64,8",
    "1,3,65,32",
    "1,12,77,64",
    "1,1,197,32",
    "0,2,5,8",
    "2,2,0,8"
  })
  void kernelMatchesReferenceOnPackedProjections(int b, int h, int t, int d) {
    new Case(AttentionDims.packed(b, t, h, d, false), null).reference().assertKernel();
    new Case(AttentionDims.packed(b, t, h, d, true), null).reference().assertKernel();
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,2,1",
    "2,2,1,50,64",
    "1,3,5,1,7",
    "1,1,13,40,32",
    "2,1,40,13,33",
    "1,8,1,82,64",
    "1,2,100,31,16",
    "1,2,3,0,8",
    "1,2,0,3,8"
  })
  void kernelMatchesReferenceWithSeparateKeys(int b, int h, int tq, int tk, int d) {
    new Case(AttentionDims.separate(b, h, tq, tk, d, false), null).reference().assertKernel();
    AttentionDims wide = new AttentionDims(b, h, tq, tk, d, h * d + 3, 2 * h * d + 1, false);
    new Case(wide, null).reference().assertKernel();
  }

  @ParameterizedTest
  @CsvSource({"3,8,false", "17,32,false", "17,32,true", "50,32,false", "77,16,true", "33,5,true"})
  void keysBeyondTheirNumberAreNotRead(int t, int d, boolean causal) {
    int[] keyLengths = {t, 0, 1, t - 1, t + 5, t / 2};
    AttentionDims dims = AttentionDims.packed(6, t, 2, d, causal);
    Case c = new Case(dims, keyLengths);
    for (int b = 0; b < 6; b++) {
      for (int j = Math.min(t, keyLengths[b]); j < t; j++) {
        for (int e = 0; e < 2 * d; e++) {
          c.k[(b * t + j) * dims.keyStride() + e] = Double.NaN;
          c.v[(b * t + j) * dims.keyStride() + e] = Double.NaN;
        }
      }
    }
    c.reference().assertKernel();
    assertThat(c.lse[2 * t]).as("lse of a query without keys").isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(c.y[t * 2 * d]).as("y of a query without keys").isZero();
  }

  @Test
  void largeScoresNeitherOverflowNorVanish() {
    Case c = new Case(AttentionDims.packed(2, 37, 2, 16, false), null);
    for (int i = 0; i < c.q.length; i++) {
      c.q[i] *= 64;
    }
    c.reference();
    Floats y = Oracle.unwritten(c.y.length);
    Floats lse = Oracle.unwritten(c.lse.length);
    AttentionCpu.forward(
        c.d, Oracle.floats(c.q), Oracle.floats(c.k), Oracle.floats(c.v), null, y, lse);
    // Scores of some hundreds are rounded to some 1e-5, and so are the logarithms of y.
    Oracle.assertClose("y", c.y, y, 2e-4);
    Oracle.assertClose("lse", c.lse, lse, 2e-6);
  }

  @Test
  void aNaNOrInfinityStaysInItsHead() {
    AttentionDims d = AttentionDims.packed(2, 19, 3, 8, false);
    Case c = new Case(d, null);
    c.q[4 * d.queryStride() + 8] = Double.NaN; // sequence 0, head 1, query 4
    c.k[(19 + 2) * d.keyStride() + 17] = Double.POSITIVE_INFINITY; // sequence 1, head 2
    c.reference();
    Floats y = Oracle.unwritten(c.y.length);
    Floats lse = Oracle.unwritten(c.lse.length);
    AttentionCpu.forward(
        d, Oracle.floats(c.q), Oracle.floats(c.k), Oracle.floats(c.v), null, y, lse);
    Oracle.assertClose("y", c.y, y, 3e-6);
    int broken = 0;
    for (int i = 0; i < c.lse.length; i++) {
      if (Double.isNaN(c.lse[i])) {
        broken++;
        assertThat(i == 19 + 4 || i / 19 == 5).as("query %d is NaN", i).isTrue();
      }
    }
    assertThat(broken).as("NaN rows").isBetween(2, 20);
  }

  @ParameterizedTest
  @CsvSource({"2,4,50,32,false", "1,2,40,16,true", "1,1,60,24,false"})
  void resultDoesNotDependOnThreads(int b, int h, int t, int size, boolean causal) {
    AttentionDims d = AttentionDims.packed(b, t, h, size, causal);
    int c = d.c();
    int length = d.queryLength();
    Floats qkv = Oracle.floats(Oracle.normal(1, b * t * 3 * c));
    Floats dy = Oracle.floats(Oracle.normal(2, b * t * c));
    Floats q = qkv.slice(0, length);
    Floats k = qkv.slice(c, length);
    Floats v = qkv.slice(2 * c, length);
    Oracle.assertSameOnAnyThreads(
        "attention",
        () -> {
          Floats out = Floats.zeros(b * t * 4 * c + b * h * t);
          Floats dqkv = out.slice(0, b * t * 3 * c);
          Floats y = out.slice(b * t * 3 * c, b * t * c);
          Floats lse = out.slice(b * t * 4 * c, b * h * t);
          AttentionCpu.forward(d, q, k, v, null, y, lse);
          AttentionCpu.backward(
              d,
              q,
              k,
              v,
              null,
              y,
              lse,
              dy,
              dqkv.slice(0, length),
              dqkv.slice(c, length),
              dqkv.slice(2 * c, length));
          return out.array();
        });
  }
}
