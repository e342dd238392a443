package dev.diptych.kernels.doctor;

import dev.diptych.kernels.attention.AttentionCuda;
import dev.diptych.kernels.attention.AttentionDims;
import dev.diptych.kernels.attention.AttentionReference;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Cases and timings of attention. */
final class AttentionCases {
  private AttentionCases() {}

  static void addTo(Suite suite) {
    // At and around the edges of tiles of 8, 16 and 64; the lengths of CLIP's towers.
    for (int t : new int[] {0, 1, 2, 15, 16, 17, 50, 65}) {
      packed(suite, 1, t, t < 20 ? 3 : 1, 64, false);
      packed(suite, t < 20 ? 2 : 1, t, 1, 64, true);
    }
    packed(suite, 1, 130, 1, 64, true);
    aligned(suite, AttentionDims.packed(2, 77, 1, 64, true), null);
    aligned(suite, AttentionDims.packed(1, 197, 1, 64, false), null);
    aligned(suite, AttentionDims.packed(1, 257, 1, 64, false), null);
    // More than fits on chip, so that tiles come one after the other; on some GPUs, then on all.
    aligned(suite, AttentionDims.packed(1, 270, 1, 128, false), null);
    aligned(suite, AttentionDims.packed(1, 400, 1, 128, true), null);
    aligned(suite, AttentionDims.packed(2, 400, 1, 128, false), new int[] {399, 20});
    for (int d : new int[] {1, 3, 16, 32, 48, 80, 96, 128, 130}) {
      packed(suite, 1, 35, 2, d, false);
      packed(suite, 1, 35, 1, d, true);
    }
    for (int d : new int[] {7, 64}) {
      for (int[] t : new int[][] {{1, 40}, {40, 1}, {5, 130}, {70, 9}, {3, 0}, {0, 3}}) {
        AttentionDims dims = AttentionDims.separate(2, 2, t[0], t[1], d, false);
        suite.checkBoth("attention " + name(dims) + " of " + t[1], w -> both(w, dims, null));
      }
      for (boolean causal : new boolean[] {false, true}) {
        AttentionDims dims = AttentionDims.packed(4, 70, 1, d, causal);
        int[] keyLengths = {0, 70, 3, 66};
        suite.checkBoth(
            "attention " + name(dims) + " of some keys", w -> both(w, dims, keyLengths));
      }
    }
    suite.checkBoth("attention of NaN and large scores", AttentionCases::special);
    time(suite, AttentionDims.packed(256, 50, 12, 64, false));
    time(suite, AttentionDims.packed(256, 197, 12, 64, false));
    time(suite, AttentionDims.packed(512, 77, 8, 64, true));
    time(suite, AttentionDims.packed(128, 257, 16, 64, false));
  }

  private static void packed(Suite suite, int b, int t, int h, int d, boolean causal) {
    AttentionDims dims = AttentionDims.packed(b, t, h, d, causal);
    suite.checkBoth("attention " + name(dims), w -> both(w, dims, null));
  }

  private static void aligned(Suite suite, AttentionDims d, int @Nullable [] keyLengths) {
    String keys = keyLengths == null ? "" : " of some keys";
    suite.checkBf16Aligned("attention " + name(d) + keys, w -> both(w, d, keyLengths));
  }

  private static void time(Suite suite, AttentionDims d) {
    suite.time("attention forward " + name(d), d.forwardCost(), w -> forward(w, d));
    suite.timeBf16("attention forward " + name(d), d.forwardCost(), w -> forward(w, d));
    suite.time("attention backward " + name(d), d.backwardCost(), w -> backward(w, d));
    suite.timeBf16("attention backward " + name(d), d.backwardCost(), w -> backward(w, d));
  }

  private static String name(AttentionDims d) {
    return "%d×%d×%d×%d%s".formatted(d.b(), d.h(), d.tq(), d.d(), d.causal() ? " causal" : "");
  }

  /** Of q, or of k or v: a part of a packed projection, or a matrix of its own. */
  private static DeviceMemory part(
      Workbench w, AttentionDims d, DeviceMemory all, int which, int length) {
    long bytes = w.precision().bytes();
    return all.slice(length == 0 ? 0 : bytes * which * d.c(), bytes * length);
  }

  private static double[] part(AttentionDims d, double[] all, int which, int length) {
    return length == 0
        ? new double[0]
        : Arrays.copyOfRange(all, which * d.c(), which * d.c() + length);
  }

  private static boolean isPacked(AttentionDims d) {
    return d.queryStride() == 3 * d.c();
  }

  private static void both(Workbench w, AttentionDims d, int @Nullable [] keyLengths) {
    int rows = d.b() * d.tq();
    int size = isPacked(d) ? rows * d.queryStride() : 0;
    double[] qkv = w.normal(d.tq() + 1, size);
    double[] q = isPacked(d) ? part(d, qkv, 0, d.queryLength()) : w.normal(1, d.queryLength());
    double[] k = isPacked(d) ? part(d, qkv, 1, d.keyLength()) : w.normal(2, d.keyLength());
    double[] v = isPacked(d) ? part(d, qkv, 2, d.keyLength()) : w.normal(3, d.keyLength());
    DeviceMemory gQkv = w.in(qkv);
    DeviceMemory gq = isPacked(d) ? part(w, d, gQkv, 0, q.length) : w.in(q);
    DeviceMemory gk = isPacked(d) ? part(w, d, gQkv, 1, k.length) : w.in(k);
    DeviceMemory gv = isPacked(d) ? part(w, d, gQkv, 2, v.length) : w.in(v);
    DeviceMemory gLengths = keyLengths == null ? null : w.ints(keyLengths);

    double[] y = new double[rows * d.c()];
    double[] lse = new double[rows * d.h()];
    AttentionReference.forward(d, q, k, v, keyLengths, y, lse);
    double[] dy = w.normal(4, y.length);
    PlainAttention plain = new PlainAttention(d, w.precision(), q, k, v, keyLengths, dy);
    DeviceMemory gy = w.out(y.length);
    DeviceMemory gLse = w.outF32(lse.length);
    AttentionCuda.forward(w.gpu(), d, w.precision(), gq, gk, gv, gLengths, gy, gLse);
    w.check("y", y, gy, tolerance(w, 3e-6, 2, plain.y, y));
    w.checkF32("lse", lse, gLse, 2e-6);

    double[] dq = new double[q.length];
    double[] dk = new double[k.length];
    double[] dv = new double[v.length];
    AttentionReference.backward(d, q, k, v, keyLengths, y, lse, dy, dq, dk, dv);
    double f32 = 1e-6 * Math.sqrt(d.d() + Math.max(d.tq(), d.tk()));
    double tolerance =
        Math.max(
            tolerance(w, f32, 3, plain.dq, dq),
            Math.max(tolerance(w, f32, 3, plain.dk, dk), tolerance(w, f32, 3, plain.dv, dv)));
    DeviceMemory gdy = w.in(dy);
    if (isPacked(d)) {
      DeviceMemory all = w.out(size);
      AttentionCuda.backward(
          w.gpu(),
          d,
          w.precision(),
          gq,
          gk,
          gv,
          gLengths,
          gy,
          gLse,
          gdy,
          part(w, d, all, 0, q.length),
          part(w, d, all, 1, k.length),
          part(w, d, all, 2, v.length));
      double[] expected = new double[size];
      for (int row = 0; row < rows; row++) {
        int at = row * d.queryStride();
        System.arraycopy(dq, at, expected, at, d.c());
        System.arraycopy(dk, at, expected, at + d.c(), d.c());
        System.arraycopy(dv, at, expected, at + 2 * d.c(), d.c());
      }
      w.check("dqkv", expected, all, tolerance);
    } else {
      DeviceMemory gdq = w.out(q.length);
      DeviceMemory gdk = w.out(k.length);
      DeviceMemory gdv = w.out(v.length);
      AttentionCuda.backward(
          w.gpu(), d, w.precision(), gq, gk, gv, gLengths, gy, gLse, gdy, gdq, gdk, gdv);
      w.check("dq", dq, gdq, tolerance);
      w.check("dk", dk, gdk, tolerance);
      w.check("dv", dv, gdv, tolerance);
    }
  }

  /**
   * In f32 {@code f32}: some last bits; in bf16 {@code times} the largest error that plain bf16
   * makes, but no less than 1e-5 (the rounding of what is written comes on top).
   */
  private static double tolerance(
      Workbench w, double f32, int times, double[] plain, double[] expected) {
    return w.precision() == Precision.F32
        ? f32
        : Math.max(1e-5, times * PlainAttention.error(plain, expected));
  }

  private static void special(Workbench w) {
    AttentionDims d = AttentionDims.packed(2, 5, 1, 64, false);
    double[] qkv = w.normal(7, 2 * 5 * 192);
    qkv[0] = Double.NaN; // a query of the first sequence
    for (int i = 5 * 192; i < 10 * 192; i++) {
      qkv[i] = 40; // scores of 12,800
    }
    DeviceMemory all = w.in(qkv);
    DeviceMemory y = w.out(2 * 5 * 64);
    AttentionCuda.forward(
        w.gpu(),
        d,
        w.precision(),
        part(w, d, all, 0, d.queryLength()),
        part(w, d, all, 1, d.keyLength()),
        part(w, d, all, 2, d.keyLength()),
        null,
        y,
        w.outF32(10));
    double[] found = w.read(y);
    for (int i = 0; i < found.length; i++) {
      boolean right =
          i < 64 ? Double.isNaN(found[i]) : i < 320 ? Double.isFinite(found[i]) : found[i] == 40;
      if (!right) {
        throw new GpuMismatch("element " + i + " is " + found[i]);
      }
    }
  }

  private static GpuTiming.Launches forward(Workbench w, AttentionDims d) {
    DeviceMemory all = w.filled(d.b() * d.tq() * d.queryStride());
    DeviceMemory q = part(w, d, all, 0, d.queryLength());
    DeviceMemory k = part(w, d, all, 1, d.keyLength());
    DeviceMemory v = part(w, d, all, 2, d.keyLength());
    DeviceMemory y = w.out(d.b() * d.tq() * d.c());
    DeviceMemory lse = w.outF32(d.b() * d.tq() * d.h());
    return gpu -> AttentionCuda.forward(gpu, d, w.precision(), q, k, v, null, y, lse);
  }

  private static GpuTiming.Launches backward(Workbench w, AttentionDims d) {
    int size = d.b() * d.tq() * d.queryStride();
    DeviceMemory all = w.filled(size);
    DeviceMemory q = part(w, d, all, 0, d.queryLength());
    DeviceMemory k = part(w, d, all, 1, d.keyLength());
    DeviceMemory v = part(w, d, all, 2, d.keyLength());
    DeviceMemory y = w.out(d.b() * d.tq() * d.c());
    DeviceMemory dy = w.filled(d.b() * d.tq() * d.c());
    DeviceMemory lse = w.outF32(d.b() * d.tq() * d.h());
    AttentionCuda.forward(w.gpu(), d, w.precision(), q, k, v, null, y, lse);
    DeviceMemory gradient = w.out(size);
    DeviceMemory dq = part(w, d, gradient, 0, d.queryLength());
    DeviceMemory dk = part(w, d, gradient, 1, d.keyLength());
    DeviceMemory dv = part(w, d, gradient, 2, d.keyLength());
    return gpu ->
        AttentionCuda.backward(gpu, d, w.precision(), q, k, v, null, y, lse, dy, dq, dk, dv);
  }
}
